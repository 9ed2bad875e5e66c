"""A bag → episodes, one for each instruction, in one pass and in bounded memory.

Images are not kept: only where they are, to be read again when an episode ends. What joins the
messages of one instruction is their request_id; an instruction by topic has none until the
reasoner answers. The newest instruction wins: it ends those before it.

The image of an instruction is the one whose stamp its answer bears. Without an answer it is the
newest by its stamp at that moment, however late it was recorded.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from vla_r1_core.types import Task

from vla_r1_training.bags.audit import TopicAudit
from vla_r1_training.bags.bag import Bag, Recorded
from vla_r1_training.bags.decode import decode, DecodeError, header_ns, stamp_ns, stamp_offset
from vla_r1_training.bags.draft import Draft
from vla_r1_training.bags.episode import Array, Episode, Picture, Result, Said, Stated, View
from vla_r1_training.bags.memory import Memory
from vla_r1_training.bags.records import Channel, Fault
from vla_r1_training.config import EpisodeConfig
from vla_r1_training.labels.stated import Claim, is_statement, read_claim, Truths

_GRACE_NS = 5_000_000_000  # that an outcome may come after the next instruction
_LATE_NS = 1_000_000_000  # that pictures seen before an outcome may be recorded after it
_TIDY_EVERY = 2_000  # messages
_SECOND = '-goal'  # of the request_id of a second question
_Handler = Callable[[Recorded, Any], None]


class EpisodeReader:
    """Reads the episodes of a bag.

    Attributes:
        audits: by topic, complete when `episodes` has ended.
        faults: what could be read from the files, but not used.
    """

    def __init__(self, bag: Bag, config: EpisodeConfig) -> None:
        self.audits: dict[str, TopicAudit] = {}
        self.faults: list[Fault] = []
        self._bag = bag
        self._config = config
        self._memory = Memory(bag, config)
        self._truths = Truths()
        self._scene: dict[str, Array] = {}
        self._claims: list[Claim] = []
        self._drafts: list[Draft] = []
        self._topics: dict[Channel, tuple[TopicAudit, int | None, _Handler | None]] = {}
        self._opened = 0

    def episodes(self, progress: Callable[[int], None] = lambda _: None) -> Iterator[Episode]:
        """Yield the episodes in the order in which they end; those without image too.

        Args:
            progress: is told how much of the bag was read [bytes].
        """
        time_ns = 0
        for count, recorded in enumerate(self._bag.messages()):
            time_ns = max(time_ns, recorded.time_ns)
            self._take(recorded)
            if self._drafts:
                yield from self._ended(time_ns)
            if count % _TIDY_EVERY == 0:
                progress(self._bag.done_bytes)
                oldest = min([self._moment(time_ns), *(d.begin_stamp_ns for d in self._drafts)])
                self._memory.forget_before(oldest - int(self._config.history_s * 1e9))
        if self._config.instruction and not self._opened:  # there was no image to begin with
            self._open('', self._config.instruction, time_ns)
        for draft in sorted(self._drafts, key=lambda d: d.end_ns or time_ns + 1):  # or end now
            yield self._finished(draft, time_ns)
        silent = {**dict.fromkeys(self._bag.announced, ''), **self._bag.topics}
        for topic, msgtype in silent.items():
            self.audits.setdefault(topic, TopicAudit(topic, msgtype))

    def film(self, episode: Episode) -> list[tuple[int, Callable[[], Picture]]]:
        """Return stamp [ns] and reader of each picture of an episode, while it is the newest."""
        if episode.view is None or episode.tool_path is None:
            return []
        last = int(episode.tool_path.stamps_ns[-1])
        return self._memory.film(episode.view.frame, episode.view.stamp_ns, last)

    def _take(self, recorded: Recorded) -> None:
        """Count a message and hand it to whoever needs it."""
        channel, time_ns, data, _ = recorded
        if channel not in self._topics:
            self._topics[channel] = self._topic(channel)
        audit, offset, handle = self._topics[channel]
        audit.add(time_ns, len(data), None if offset is None else stamp_ns(data, offset))
        if handle is None:
            return
        try:
            handle(recorded, None if handle == self._on_image else decode(channel, data))
        except (DecodeError, ValueError) as error:
            audit.undecodable += 1
            if audit.undecodable == 1:
                self.faults.append(Fault(str(error), channel.topic, time_ns, time_ns, 1))

    def _topic(self, channel: Channel) -> tuple[TopicAudit, int | None, _Handler | None]:
        audit = self.audits.setdefault(channel.topic, TopicAudit(channel.topic, channel.msgtype))
        return audit, stamp_offset(channel), self._handler(channel)

    def _handler(self, channel: Channel) -> _Handler | None:
        topic = channel.topic
        match channel.msgtype:
            case 'sensor_msgs/msg/Image' | 'sensor_msgs/msg/CompressedImage':
                return self._on_image
            case 'sensor_msgs/msg/CameraInfo':
                return self._on_camera_info
            case 'tf2_msgs/msg/TFMessage':
                return self._on_tf
            case 'sensor_msgs/msg/JointState' if self._config.gripper_joint:
                return self._on_joints
            case 'std_msgs/msg/String' if self._is_instruction(topic):
                return self._on_instruction
            case 'vla_r1_msgs/msg/Outcome':
                return self._on_outcome
            case 'vla_r1_msgs/msg/Reasoning' if not is_statement(topic):
                return self._on_reasoning
            case (
                'vla_r1_msgs/msg/Reasoning'
                | 'vla_r1_msgs/msg/Affordance'
                | 'vla_r1_msgs/msg/Trajectory'
            ) if is_statement(topic):
                return self._on_statement
            case 'visualization_msgs/msg/MarkerArray' if topic.endswith('sim/objects'):
                return self._on_objects
        return None

    def _is_instruction(self, topic: str) -> bool:
        wanted = self._config.instruction_topic
        return topic == wanted if wanted else topic.rpartition('/')[2] == 'instruction'

    def _on_image(self, recorded: Recorded, _: Any) -> None:
        self._memory.add_image(recorded)
        if self._config.instruction and not self._opened and self._memory.has_pictures():
            draft = self._open('', self._config.instruction, recorded.time_ns)
            draft.moment_ns = stamp_ns(recorded.data) or 0  # the first colour image

    def _on_camera_info(self, recorded: Recorded, message: Any) -> None:
        self._memory.calibrations.add(recorded.channel.topic, message, header_ns(message))

    def _on_tf(self, recorded: Recorded, message: Any) -> None:
        self._memory.add_transforms(message, static=recorded.channel.topic.endswith('tf_static'))

    def _on_joints(self, _: Recorded, message: Any) -> None:
        self._memory.add_joints(message, header_ns(message))

    def _on_objects(self, _: Recorded, message: Any) -> None:
        places = ((m.ns, m.pose.position) for m in message.markers if m.ns)
        self._scene = {name: np.array([p.x, p.y, p.z]) for name, p in places}
        self._truths.remember(self._scene)

    def _on_instruction(self, recorded: Recorded, message: Any) -> None:
        if message.data.strip():
            self._open('', message.data, recorded.time_ns)

    def _on_reasoning(self, recorded: Recorded, message: Any) -> None:
        draft = self._known(message) or self._open(
            _request(message), message.instruction, recorded.time_ns
        )
        if not draft.asked and message.header.frame_id:
            draft.seen = header_ns(message), message.header.frame_id.lstrip('/')
        draft.asked.append(message)

    def _on_outcome(self, recorded: Recorded, message: Any) -> None:
        draft = self._known(message)
        if draft is None:  # what led to it is not in the bag, nor is what was seen then
            draft = self._new(_request(message), message.instruction, recorded.time_ns)
            draft.heard = False
            draft.lacks.append('the instruction: the bag holds its outcome alone')
        draft.outcome = Result(message.error_code, message.error_msg, message.verified)
        self._end(draft, recorded.time_ns)

    def _on_statement(self, recorded: Recorded, message: Any) -> None:
        claim = read_claim(recorded.channel.topic, message, header_ns(message))
        if claim.stated.source == 'truth':
            self._truths.add(claim)
        else:
            self._claims = [*self._claims[-1_000:], claim]

    def _moment(self, time_ns: int) -> int:
        """Return the present time of recording [ns] by the clock of the headers.

        Where the recorder's is another, it is the newest stamp so far; that alone would not do,
        because some transforms are stamped into the future.
        """
        return min(time_ns, self._memory.newest_ns)

    def _known(self, message: Any) -> Draft | None:
        """Return the episode under way that an answer or outcome belongs to."""
        request_id = _request(message)
        for draft in reversed(self._drafts):
            if draft.is_of(request_id, message.instruction):
                draft.request_id = request_id
                return draft
        return None

    def _open(self, request_id: str, instruction: str, time_ns: int) -> Draft:
        """Begin an episode; those under way end."""
        for draft in self._drafts:
            self._end(draft, time_ns)
        return self._new(request_id, instruction, time_ns)

    def _new(self, request_id: str, instruction: str, time_ns: int) -> Draft:
        now = self._moment(time_ns)
        draft = Draft(self._opened, request_id, instruction, time_ns, now)
        draft.stated = self._truths.about(instruction, self._scene)
        self._opened += 1
        self._drafts.append(draft)
        return draft

    def _end(self, draft: Draft, time_ns: int) -> None:
        if draft.end_ns is None:
            draft.end_ns, draft.end_stamp_ns = time_ns, self._memory.newest_ns

    def _ended(self, time_ns: int) -> Iterator[Episode]:
        """Yield the episodes of which nothing more can come."""
        for draft in list(self._drafts):
            if draft.end_ns is None and (
                time_ns - draft.begin_ns > self._config.max_episode_s * 1e9
            ):
                draft.lacks.append(f'an end: cut after {self._config.max_episode_s:g} s')
                self._end(draft, time_ns)
            wait_ns = _LATE_NS if draft.outcome else _GRACE_NS
            if draft.end_ns is not None and time_ns - draft.end_ns > wait_ns:
                self._drafts.remove(draft)
                yield self._finished(draft, time_ns)

    def _finished(self, draft: Draft, time_ns: int) -> Episode:
        self._end(draft, time_ns)
        memory, lacks = self._memory, draft.lacks
        draft.seen = self._seen(draft)
        first, frame = draft.seen or (None, '')
        stamps = [header_ns(message) for message in draft.asked]
        shown = dict.fromkeys(stamps if first is None else (first, *stamps))
        views = {stamp: memory.view(stamp, frame, lacks) for stamp in shown}
        span = draft.begin_stamp_ns, draft.end_stamp_ns or memory.newest_ns
        return Episode(
            draft.request_id or f'{draft.number:05d}',
            draft.request_id,
            draft.instruction,
            draft.begin_ns,
            draft.end_ns or time_ns,
            None if first is None else views[first],
            tuple(_said(m, views[s]) for m, s in zip(draft.asked, stamps, strict=True)),
            (*draft.stated, *self._labels(draft, set(views))),
            memory.fixed_frame(frame),
            memory.tool_frame(),
            memory.tool_path(*span, lacks),
            memory.gripper_path(*span, lacks),
            draft.outcome,
            tuple(lacks),
        )

    def _seen(self, draft: Draft) -> tuple[int, str] | None:
        """Return stamp and frame of the image of an instruction; note when there is none."""
        if draft.seen or not draft.heard:
            return draft.seen
        found = self._memory.pictured(draft.moment_ns)
        if found is None:
            age = self._config.image_max_age_s
            draft.lacks.append(f'image: none came in the {age:g} s before the instruction')
        return found

    def _labels(self, draft: Draft, stamps: set[int]) -> tuple[Stated, ...]:
        """Return what label topics say about an episode: of its request, or of its images."""
        own = [
            claim
            for claim in self._claims
            if (claim.request_id.removesuffix(_SECOND) == draft.request_id != '')
            or (claim.stated.stamp_ns in stamps and claim.instruction in ('', draft.instruction))
        ]
        self._claims = [claim for claim in self._claims if claim not in own]
        return tuple(claim.stated for claim in own)


def _request(message: Any) -> str:
    return str(message.request_id).removesuffix(_SECOND)


def _said(message: Any, view: View | None) -> Said:
    return Said(
        Task(message.task),
        message.prompt,
        message.text,
        message.well_formed,
        message.model,
        message.weights_sha256,
        message.seed,
        message.error_code,
        header_ns(message),
        view,
    )
