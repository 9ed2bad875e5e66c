"""A node with a lifecycle that prints what it was given, as JSON."""

from contextlib import suppress
import json

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode

rclpy.init()
node = LifecycleNode('unnamed', automatically_declare_parameters_from_overrides=True)
print(
    json.dumps(
        {
            'name': node.get_fully_qualified_name(),
            'image': node.resolve_topic_name('image'),
            'parameters': {
                name: list(value) if hasattr(value, 'tolist') else value
                for name, value in ((name, p.value) for name, p in node._parameters.items())
                if name not in ('use_sim_time', 'start_type_description_service')
            },
        }
    ),
    flush=True,
)
with suppress(KeyboardInterrupt, ExternalShutdownException):
    rclpy.spin(node)
