"""`metadata.yaml` of a bag, in version 9 as of Jazzy."""

from dataclasses import dataclass
import os
from pathlib import Path

import yaml

VERSION = 9
FILE_NAME = 'metadata.yaml'
ROOT = 'rosbag2_bagfile_information'


@dataclass
class Topic:
    """A topic in a bag."""

    name: str
    type_name: str
    offered_qos: list[dict]  # one per publisher, see `qos_to_plain`
    type_hash: str  # RIHS01_...
    count: int = 0


@dataclass(frozen=True)
class BagMetadata:
    """What a bag contains."""

    topics: list[Topic]
    files: list[str]
    start: int  # [ns] since the epoch
    duration: int  # [ns]
    count: int
    storage: str = 'mcap'
    distro: str = ''


def qos_to_plain(profile) -> dict:
    """Return an rclpy QoS profile as metadata.yaml has it."""

    def time(duration) -> dict[str, int]:
        return dict(zip(('sec', 'nsec'), divmod(duration.nanoseconds, 10**9), strict=True))

    return {
        'history': profile.history.name.lower(),
        'depth': profile.depth,
        'reliability': profile.reliability.name.lower(),
        'durability': profile.durability.name.lower(),
        'deadline': time(profile.deadline),
        'lifespan': time(profile.lifespan),
        'liveliness': profile.liveliness.name.lower(),
        'liveliness_lease_duration': time(profile.liveliness_lease_duration),
        'avoid_ros_namespace_conventions': profile.avoid_ros_namespace_conventions,
    }


def to_plain(bag: BagMetadata) -> dict:
    """Return the content of metadata.yaml, below its one top key."""
    span = {
        'duration': {'nanoseconds': bag.duration},
        'starting_time': {'nanoseconds_since_epoch': bag.start},
        'message_count': bag.count,
    }
    topics = [
        {
            'topic_metadata': {
                'name': topic.name,
                'type': topic.type_name,
                'serialization_format': 'cdr',
                'offered_qos_profiles': topic.offered_qos,
                'type_description_hash': topic.type_hash,
            },
            'message_count': topic.count,
        }
        for topic in bag.topics
    ]
    return {
        'version': VERSION,
        'storage_identifier': bag.storage,
        **span,
        'topics_with_message_count': topics,
        'compression_format': '',
        'compression_mode': '',
        'relative_file_paths': bag.files,
        'files': [{'path': name, **span} for name in bag.files],
        'custom_data': None,
        'ros_distro': bag.distro,
    }


class _Dumper(yaml.SafeDumper):
    """No anchors and aliases, which a reader in C++ need not know."""

    def ignore_aliases(self, data) -> bool:
        return True


def dump(plain) -> str:
    """Return block YAML with the keys in their order."""
    return yaml.dump(plain, Dumper=_Dumper, default_flow_style=False, sort_keys=False)


def write(folder: Path, bag: BagMetadata) -> None:
    """Write metadata.yaml, whole or not at all."""
    path = folder / FILE_NAME
    temporary = path.with_suffix('.tmp')
    temporary.write_text(dump({ROOT: to_plain(bag)}))
    temporary.replace(path)


def distro() -> str:
    """Return the distribution that this machine runs."""
    return os.environ.get('ROS_DISTRO', 'jazzy')


def read(folder: Path) -> BagMetadata:
    """Read metadata.yaml; RuntimeError when it is missing or not one."""
    path = folder / FILE_NAME
    if not path.exists():
        raise RuntimeError(
            f"'{folder}' has no {FILE_NAME}: either it is no bag, or its recorder was killed; "
            'then name the .mcap file in it instead of the folder'
        )
    try:
        plain = yaml.safe_load(path.read_text())[ROOT]
        if plain['version'] > VERSION:
            raise RuntimeError(f'{path}: version {plain["version"]}; known up to {VERSION}')
        return BagMetadata(
            topics=[_topic(item) for item in plain['topics_with_message_count']],
            files=plain['relative_file_paths'],
            start=plain['starting_time']['nanoseconds_since_epoch'],
            duration=plain['duration']['nanoseconds'],
            count=plain['message_count'],
            storage=plain['storage_identifier'],
            distro=plain.get('ros_distro', ''),
        )
    except (KeyError, TypeError, yaml.YAMLError) as error:
        raise RuntimeError(f'{path} is not the metadata of a bag: {error!r}') from error


def _topic(item: dict) -> Topic:
    topic = item['topic_metadata']
    offered = topic.get('offered_qos_profiles', [])
    return Topic(
        name=topic['name'],
        type_name=topic['type'],
        # Up to version 8 the profiles are YAML inside a string.
        offered_qos=(yaml.safe_load(offered) or []) if isinstance(offered, str) else offered,
        type_hash=topic.get('type_description_hash', ''),
        count=item['message_count'],
    )
