"""Messages for bags that tests write: those of a recording, changed."""

import struct

from rosbags.interfaces import MessageDefinition, MessageDefinitionFormat
from rosbags.typesys import get_typestore, Stores

JAZZY = get_typestore(Stores.ROS2_JAZZY)
SENSORS = ('Image', 'CameraInfo', 'TFMessage', 'JointState')
ANSWERS = ('/reasoning', '/affordance', '/trajectory', '/outcome', '/sim/truth')


def without(messages, *topics):
    """Leave out topics."""
    return [m for m in messages if m[0].topic not in topics]


def decoded(message):
    """Return a message of a type that ROS 2 itself defines as an object."""
    connection, _, data = message
    return JAZZY.deserialize_cdr(data, connection.msgtype)


def made(like, topic, message, time_ns):
    """Return a message for a bag: an object of rosbags on a topic."""
    msgtype = message.__msgtype__
    text, _ = JAZZY.generate_msgdef(msgtype, ros_version=2)
    definition = MessageDefinition(MessageDefinitionFormat.MSG, text)
    connection = like[0]._replace(topic=topic, msgtype=msgtype, msgdef=definition)
    return connection, time_ns, JAZZY.serialize_cdr(message, msgtype)


def instruction(like, words, time_ns, topic='/instruction'):
    """Return an instruction by topic."""
    return made(like, topic, JAZZY.types['std_msgs/msg/String'](data=words), time_ns)


def stamp_of(data):
    """Return the stamp [ns] of a message that begins with a header."""
    sec, nanosec = struct.unpack_from('<iI', data, 4)
    return sec * 10**9 + nanosec


def on_time(messages, late_ns=0, *late_topics):
    """Record what sensors sent at its stamp; some topics later than that."""
    timed = []
    for connection, time_ns, data in messages:
        kind = connection.msgtype.rpartition('/')[2]
        if kind in SENSORS:
            time_ns = stamp_of(data[4:] if kind == 'TFMessage' else data)
            time_ns += late_ns if connection.topic in late_topics else 0
        timed.append((connection, time_ns, data))
    return sorted(timed, key=lambda m: m[1])


def inserted(messages, *new):
    """Put messages in at their times."""
    return sorted([*messages, *new], key=lambda m: m[1])
