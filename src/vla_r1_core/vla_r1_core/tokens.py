"""A model's text in small pieces: the block between two tags, and the tokens in it.

Every grammar is read by these. They are total and take linear time: tags are found by plain
splitting, and no token needs a second look. General JSON readers accept NaN, duplicate keys and
bottomless nesting, and a regular expression over tags backtracks.
"""

from collections.abc import Sequence
from functools import cache
import re
from string import ascii_letters

from vla_r1_core.errors import AnswerError

# Bounds the work on a degenerate answer; some 2,000 trace points fit in.
MAX_PAYLOAD_CHARS = 65_536

_TOKEN = (
    r'[\[\](){}:,]'  # punctuation
    r'|"[^"\\]*(?:\\.[^"\\]*)*"?'  # string; one that never ends lacks the second quotation mark
    r'|[^\s\[\](){}:,"]+'  # number, word or rubbish
)
_NUMBER = re.compile(r'-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?')


def last_block(text: str, tag: str) -> str:
    """Return what stands in the last complete <tag>...</tag>.

    Raises:
        AnswerError: there is none, or tags are nested or unmatched.
    """
    before, *blocks = text.split(f'<{tag}>')
    closing = f'</{tag}>'
    if closing in before or any(block.count(closing) > 1 for block in blocks):
        raise AnswerError(f'a {closing} closes nothing')
    if any(closing not in block for block in blocks[:-1]):
        raise AnswerError(f'a <{tag}> stands inside another')
    complete = [block for block in blocks[-2:] if closing in block]
    if not complete:
        raise AnswerError(f'there is no complete <{tag}>...{closing} behind the thought')
    return complete[-1].partition(closing)[0]


def split_thoughts(text: str, tags: Sequence[str]) -> tuple[str, str]:
    """Return what stands in the tags, by lines, and what comes after the last of them.

    A thought may be left out, and so may its opening tag: many prompts end in it.

    Raises:
        AnswerError: a thought does not end.
    """
    thoughts = []
    for tag in tags:
        head, closing, behind = text.partition(f'</{tag}>')
        before, opening, inside = head.partition(f'<{tag}>')
        if closing:
            thoughts.append(inside if opening else before)
            text = behind
        elif opening:
            raise AnswerError(f'the thought does not end: there is no </{tag}>')
    return '\n'.join(filter(None, thoughts)), text


def last_fenced(text: str) -> str:
    """Return the last block between ``` and ``` without its language, or all if there is none."""
    blocks = text.split('```')[1::2]
    return blocks[-1].lstrip(ascii_letters) if blocks else text


def bounded(payload: str) -> str:
    """Return the payload, or raise AnswerError if it is longer than MAX_PAYLOAD_CHARS."""
    if len(payload) > MAX_PAYLOAD_CHARS:
        raise AnswerError(
            f'the output has {len(payload)} characters; at most {MAX_PAYLOAD_CHARS} are read'
        )
    return payload


def number(text: str, name: str) -> float:
    """Return the number that a text is; infinite when it is too large.

    Raises:
        AnswerError: it is none, in JSON's notation; `name` says what should have been there.
    """
    if not _NUMBER.fullmatch(text):
        raise AnswerError(f'{name} must be a number, not {quote(text)}')
    return float(text)


@cache
def _pattern(event_tag: str) -> re.Pattern[str]:
    tag = re.escape(event_tag)
    event = f'<{tag}>[^<]*</{tag}>|' if tag else ''
    return re.compile(event + _TOKEN, re.DOTALL)


def quote(token: str) -> str:
    """Show a token in a message; a hostile one may be very long."""
    if not token:
        return 'the end of the output'
    return token if len(token) <= 24 else token[:21] + '...'


class Tokens:
    """The tokens of a payload, one after the other.

    Args:
        payload: what stands between the answer's tags.
        event_tag: if given, <event_tag>...</event_tag> is one token.

    Raises:
        AnswerError: the payload is longer than MAX_PAYLOAD_CHARS.

    Attributes:
        peek: the next token, '' at the end.
    """

    def __init__(self, payload: str, event_tag: str = '') -> None:
        self._event_tag = event_tag
        self._matches = _pattern(event_tag).finditer(bounded(payload))
        self.peek = ''
        self.take()

    def take(self) -> str:
        """Return the next token and go on."""
        token = self.peek
        match = next(self._matches, None)
        self.peek = match.group() if match else ''
        return token

    def accept(self, wanted: str) -> bool:
        """Go on if the next token is this one, and return whether it was."""
        if self.peek != wanted:
            return False
        self.take()
        return True

    @property
    def at_event(self) -> bool:
        """Whether the next token is an event."""
        tag = self._event_tag
        ends = self.peek.startswith(f'<{tag}>'), self.peek.endswith(f'</{tag}>')
        return bool(tag) and all(ends)

    def accept_event(self) -> bool:
        """Go on if the next token is an event, and return whether it was."""
        return self.at_event and bool(self.take())

    def expect(self, wanted: str) -> None:
        """Go on, or raise AnswerError if the next token is another one."""
        if not self.accept(wanted):
            raise AnswerError(f'expected {wanted} instead of {quote(self.peek)}')

    def expect_end(self) -> None:
        """Raise AnswerError if there is another token."""
        if self.peek:
            raise AnswerError(f'{quote(self.peek)} stands behind the end of the output')
