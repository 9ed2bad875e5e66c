"""A process with something of everything, for the commands to look at."""

from contextlib import suppress
import time

from control_msgs.action import GripperCommand
from geometry_msgs.msg import PoseStamped
import rclpy
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import ByteMultiArray, Int32, String
from std_srvs.srv import SetBool


class Graph(Node):
    def __init__(self):
        super().__init__('subject', namespace='/probe')
        self.declare_parameter('speed', 0.5)
        self.declare_parameter('names', ['left', 'right'])
        self.count = 0
        self.counter = self.create_publisher(Int32, '/probe/count', 10)
        best_effort = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.pose = self.create_publisher(PoseStamped, '/probe/pose', best_effort)
        self.array = self.create_publisher(ByteMultiArray, '/probe/_hidden', 10)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.latched = self.create_publisher(String, '/probe/latched', latched)
        self.latched.publish(String(data='said once'))
        self.create_timer(0.05, self.tick)
        self.create_service(SetBool, '/probe/switch', self.switch)
        self.action = ActionServer(
            self,
            GripperCommand,
            '/probe/grip',
            self.grip,
            goal_callback=lambda goal: (
                GoalResponse.REJECT if goal.command.position < 0.0 else GoalResponse.ACCEPT
            ),
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def tick(self):
        self.count += 1
        self.counter.publish(Int32(data=self.count))
        pose = PoseStamped()
        pose.header.frame_id = 'map'
        pose.pose.position.x = float(self.count)
        self.pose.publish(pose)

    def switch(self, request, response):
        response.success = request.data
        response.message = 'on' if request.data else 'off'
        return response

    def grip(self, goal):
        """Answer at once, or only when canceled if the effort is 0."""
        goal.publish_feedback(GripperCommand.Feedback())
        result = GripperCommand.Result()
        while goal.request.command.max_effort == 0.0:
            if goal.is_cancel_requested:
                goal.canceled()
                print('canceled', flush=True)
                return result
            time.sleep(0.02)
        result.position = goal.request.command.position
        goal.succeed()
        return result


rclpy.init()
executor = MultiThreadedExecutor(4)
executor.add_node(Graph())
print('ready', flush=True)
with suppress(KeyboardInterrupt, ExternalShutdownException):
    executor.spin()
