"""Steps through the words of an instruction."""

from collections.abc import Iterable
import re


class Reader:
    """The words of an instruction, lower case, and where the reading is."""

    def __init__(self, instruction: str) -> None:
        self._words = re.findall(r"[\w']+", instruction.lower().replace('’', "'"))
        self._at = 0

    @property
    def rest(self) -> list[str]:
        """The words from here on."""
        return self._words[self._at :]

    @property
    def word(self) -> str:
        """The next word, empty at the end."""
        return self.rest[0] if self.rest else ''

    @property
    def before(self) -> str:
        """The word before the next one, empty at the beginning."""
        return self._words[self._at - 1] if self._at else ''

    def step(self) -> str:
        """Go on by one word and return it, empty at the end."""
        word = self.word
        self._at += bool(word)
        return word

    def accept(self, phrases: Iterable[str]) -> str | None:
        """Go on by the longest of these phrases that comes next, and return it."""
        for phrase in sorted(phrases, key=len, reverse=True):
            words = phrase.split()
            if self.rest[: len(words)] == words:
                self._at += len(words)
                return phrase
        return None

    def skip(self, phrases: Iterable[str]) -> None:
        """Go on by all of these that come next."""
        while self.accept(phrases):
            pass
