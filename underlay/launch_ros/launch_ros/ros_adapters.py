"""The node that launch itself has, for lifecycle topics and services."""

from contextlib import suppress
import os
import threading

from launch import LaunchContext
from launch.event_handlers import OnShutdown
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node


class ROSAdapter:
    """A node that spins in a thread, in an rclpy context of its own."""

    def __init__(self) -> None:
        self.__context = rclpy.Context()
        rclpy.init(args=[], context=self.__context)
        self.ros_node: Node = rclpy.create_node(
            f'launch_ros_{os.getpid()}', context=self.__context
        )
        self.__executor = SingleThreadedExecutor(context=self.__context)
        self.__executor.add_node(self.ros_node)
        self.__thread = threading.Thread(target=self.__spin, name='launch_ros')
        self.__thread.start()

    def __spin(self) -> None:
        with suppress(ExternalShutdownException):
            self.__executor.spin()

    def shutdown(self) -> None:
        """End the thread and the node."""
        rclpy.shutdown(context=self.__context)
        self.__thread.join()
        self.__executor.shutdown()
        self.ros_node.destroy_node()


def get_ros_adapter(context: LaunchContext) -> ROSAdapter:
    """Return the adapter of a launch, made when first asked for and ended at shutdown."""
    if 'ros_adapter' not in context.get_locals_as_dict():
        adapter = ROSAdapter()
        context.extend_globals({'ros_adapter': adapter})
        context.register_event_handler(
            OnShutdown(on_shutdown=lambda event, context: adapter.shutdown())
        )
    return context.locals.ros_adapter


def get_ros_node(context: LaunchContext) -> Node:
    """Return the node of a launch."""
    return get_ros_adapter(context).ros_node
