"""Opens a bag: a folder with metadata.yaml, or an MCAP file alone."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import yaml

from ros2cli.bag import metadata
from ros2cli.bag.mcap_reader import McapReader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every verb that reads a bag."""
    parser.add_argument('bag_path', type=Path, help='Folder of the bag, or its .mcap file')
    parser.add_argument(
        '-s', '--storage', choices=['mcap'], default='mcap', help='Storage (default: mcap)'
    )


class BagReader:
    """A bag."""

    def __init__(self, path: Path) -> None:
        """Open the bag; RuntimeError says what is wrong with it."""
        if not path.exists():
            raise RuntimeError(f"Bag path '{path}' does not exist!")
        if path.is_dir():
            self.metadata = metadata.read(path)
            if self.metadata.storage != 'mcap':
                raise RuntimeError(
                    f"'{path}' is stored as {self.metadata.storage}: this small `ros2` reads mcap"
                )
            self.paths = [path / name for name in self.metadata.files]
        else:
            self.paths = [path]
            self.metadata = _from_file(McapReader(path), path)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.paths)

    def messages(self, topics: set[str]) -> Iterator[tuple[str, int, memoryview]]:
        """Yield (topic, log time [ns], serialized message) of some topics, in order of time."""
        for path in self.paths:
            reader = McapReader(path)
            names = {
                number: channel.topic
                for number, channel in reader.channels.items()
                if channel.topic in topics
            }
            for message in reader.messages(set(names)):
                yield names[message.channel], message.log_time, message.data


def _from_file(reader: McapReader, path: Path) -> metadata.BagMetadata:
    """Return what metadata.yaml would say of a file."""
    topics = [
        metadata.Topic(
            name=channel.topic,
            type_name=channel.type_name,
            offered_qos=yaml.safe_load(channel.metadata.get('offered_qos_profiles', '')) or [],
            type_hash=channel.metadata.get('topic_type_hash', ''),
            count=reader.counts[number],
        )
        for number, channel in sorted(reader.channels.items())
    ]
    return metadata.BagMetadata(
        topics=topics,
        files=[path.name],
        start=reader.start,
        duration=max(0, reader.end - reader.start),
        count=sum(topic.count for topic in topics),
    )
