"""A process of its own: publishes joint_states and follows trajectories, as a robot's driver.

Faults are asked for through the parameter `fault`: '', 'refuse', 'abort', 'freeze' (never ends),
'silent' (publishes no joint state).
"""

import contextlib
import threading
import time

from control_msgs.action import FollowJointTrajectory
import rclpy
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64


class Driver(Node):
    def __init__(self) -> None:
        super().__init__('driver')
        self.declare_parameter('joints', [''])
        self.declare_parameter('start', [0.0])
        self.declare_parameter('fault', '')
        self.joints = list(self.get_parameter('joints').value)
        self.at = list(self.get_parameter('start').value)
        self.stopped = self.create_publisher(Float64, 'stopped', 10)
        group = ReentrantCallbackGroup()
        self.publisher = self.create_publisher(JointState, 'joint_states', 10)
        self.create_timer(0.02, self.publish, callback_group=group)
        self.server = ActionServer(
            self,
            FollowJointTrajectory,
            'arm_controller/follow_joint_trajectory',
            self.follow,
            goal_callback=self.on_goal,
            cancel_callback=self.on_cancel,
            callback_group=group,
        )
        self.cancelled = threading.Event()

    def fault(self) -> str:
        return self.get_parameter('fault').value

    def publish(self) -> None:
        if self.fault() != 'silent':
            message = JointState(name=self.joints, position=self.at)
            message.header.stamp = self.get_clock().now().to_msg()
            self.publisher.publish(message)

    def on_goal(self, goal):
        self.cancelled.clear()
        return GoalResponse.REJECT if self.fault() == 'refuse' else GoalResponse.ACCEPT

    def on_cancel(self, handle):
        self.stopped.publish(Float64(data=time.time()))
        self.cancelled.set()
        return CancelResponse.ACCEPT

    def follow(self, handle):
        trajectory = handle.request.trajectory
        columns = [self.joints.index(name) for name in trajectory.joint_names]
        begun = time.monotonic()
        for point in trajectory.points:
            due = point.time_from_start.sec + point.time_from_start.nanosec * 1e-9
            if self.fault() == 'freeze':
                due = 3600.0
            if self.cancelled.wait(max(0.0, begun + due - time.monotonic())):
                while not handle.is_cancel_requested:
                    time.sleep(0.001)
                handle.canceled()
                return FollowJointTrajectory.Result()
            for column, value in zip(columns, point.positions, strict=True):
                self.at[column] = value
            if self.fault() == 'abort':
                handle.abort()
                code = FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED
                return FollowJointTrajectory.Result(error_code=code, error_string='hit a wall')
        handle.succeed()
        return FollowJointTrajectory.Result()


def main() -> None:
    rclpy.init()
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(Driver())
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        executor.spin()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
