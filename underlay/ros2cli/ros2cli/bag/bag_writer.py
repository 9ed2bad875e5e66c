"""Writes a bag in a thread of its own, so that receiving never waits for the disk."""

from collections import Counter, deque
from pathlib import Path
import threading
import time

from ros2cli.bag import metadata
from ros2cli.bag.definition import full_definition
from ros2cli.bag.mcap_writer import McapWriter

FLUSH_PERIOD = 1.0  # [s]; what is older is safe from kill -9


class BagWriter:
    """A bag: a folder with one MCAP file and, once closed, metadata.yaml."""

    def __init__(self, folder: Path, cache_size: int) -> None:
        """Create the folder and the file in it.

        Args:
            folder: The bag.
            cache_size: Bytes that may wait for the disk; what comes beyond is dropped, counted.
        """
        folder.mkdir(parents=True)
        self._folder = folder
        self._file_name = f'{folder.name}_0.mcap'
        self._mcap = McapWriter(folder / self._file_name)
        self._topics: list[metadata.Topic] = []
        self._cache: deque[tuple[int, int, int, bytes]] = deque()
        self._cache_left = cache_size
        self._changed = threading.Condition()
        self._closing = False
        self._mcap_lock = threading.Lock()
        self._error: OSError | None = None
        self.dropped: Counter[str] = Counter()  # messages per topic
        self._thread = threading.Thread(target=self._drain, name='bag writer')
        self._thread.start()

    def add_topic(self, topic: metadata.Topic) -> int:
        """Add a topic; returns what `write` takes."""
        encoding, definition = full_definition(topic.type_name)
        with self._mcap_lock:
            self._topics.append(topic)
            return self._mcap.add_channel(
                topic=topic.name,
                type_name=topic.type_name,
                encoding=encoding,
                definition=definition,
                metadata={
                    'offered_qos_profiles': metadata.dump(topic.offered_qos),
                    'topic_type_hash': topic.type_hash,
                },
            )

    def write(self, channel: int, log_time: int, publish_time: int, data: bytes) -> None:
        """Queue a serialized message; times in [ns]. RuntimeError when the disk has failed."""
        if self._error is not None:
            raise RuntimeError(f'The bag cannot be written: {self._error}')
        with self._changed:
            if len(data) > self._cache_left:
                self.dropped[self._topics[channel - 1].name] += 1
                return
            self._cache_left -= len(data)
            self._cache.append((channel, log_time, publish_time, data))
            self._changed.notify()

    def _drain(self) -> None:
        """Move messages from the cache into the file until `close`."""
        flushed = time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._cache or self._closing, FLUSH_PERIOD)
                messages, self._cache = self._cache, deque()
                closing = self._closing
            try:
                with self._mcap_lock:
                    for message in messages:
                        self._mcap.write(*message)
                    if (now := time.monotonic()) >= flushed + FLUSH_PERIOD:
                        self._mcap.flush()
                        flushed = now
            except OSError as error:  # disk full
                self._error = error
                return
            with self._changed:
                self._cache_left += sum(len(data) for *_, data in messages)
            if closing:
                return

    def close(self) -> None:
        """Write what waits, then metadata.yaml; RuntimeError when the disk has failed."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        if self._error is not None:
            raise RuntimeError(f'The bag could not be written to its end: {self._error}')
        self._mcap.flush()
        for topic, count in zip(self._topics, self._mcap.counts, strict=True):
            topic.count = count
        bag = metadata.BagMetadata(
            topics=self._topics,
            files=[self._file_name],
            start=self._mcap.start,
            duration=max(0, self._mcap.end - self._mcap.start),
            count=sum(self._mcap.counts),
            distro=metadata.distro(),
        )
        self._mcap.close(metadata.dump(metadata.to_plain(bag)))
        metadata.write(self._folder, bag)
