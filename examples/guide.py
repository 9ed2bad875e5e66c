"""A client of the running simulation: lays out scenes, gives instructions, waits for outcomes."""

import sys
import time
import uuid

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, qos_profile_sensor_data, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import String
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Point2D
from vla_r1_core.output import parse
from vla_r1_core.types import Task

from vla_r1_msgs.msg import Affordance, Outcome, Reasoning, Trajectory

CAMERA_INFO = '/camera/camera/color/camera_info'
RECORDER = 'rosbag2_recorder'
RECORDED = (
    *('instruction', 'reasoning', 'affordance', 'trajectory', 'outcome', 'joint_states'),
    *('sim/truth', 'sim/objects', '/tf', '/tf_static'),
    *('/camera/camera/color/image_raw', CAMERA_INFO),
    '/camera/camera/aligned_depth_to_color/image_raw',
)
START_S, EPISODE_S = 120.0, 120.0
SHOWN = 3  # pictures, of a new scene before an instruction


class Guide(Node):
    """Lays out scenes, gives instructions, and waits for outcomes."""

    def __init__(self) -> None:
        super().__init__('guide')
        self._pictures: list[CameraInfo] = []
        self._truth: list[Reasoning] = []
        self._mountings: list[TFMessage] = []  # of the camera: each scene begins with one
        self._outcomes: list[Outcome] = []
        self._answers: list[Reasoning] = []
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(
            CameraInfo, CAMERA_INFO, self._pictures.append, qos_profile_sensor_data
        )
        self.create_subscription(Reasoning, 'sim/truth', self._truth.append, latched)
        self.create_subscription(TFMessage, '/tf_static', self._mountings.append, latched)
        self.create_subscription(Outcome, 'outcome', self._outcomes.append, 10)
        self.create_subscription(Reasoning, 'reasoning', self._answers.append, 10)
        self._instruction = self.create_publisher(String, 'instruction', 1)
        self._reasoning = self.create_publisher(Reasoning, 'reasoning', 1)
        self._affordance = self.create_publisher(Affordance, 'affordance', 1)
        self._trajectory = self.create_publisher(Trajectory, 'trajectory', 1)
        self._parameters = self.create_client(SetParameters, 'sim/set_parameters')
        self._reset = self.create_client(Trigger, 'sim/reset')
        self._reasoner = self.create_client(GetState, 'reasoner/get_state')

    def runs(self) -> bool:
        """Whether all that is needed to carry out an instruction runs."""
        return bool(
            self._reset.service_is_ready()
            and self._reasoner.service_is_ready()
            and self._pictures
            and self._mountings
            and self.count_subscribers('instruction')
            and self.count_publishers('reasoning') > 1  # the reasoner and this node
            and self.count_publishers('outcome')
            and self.count_publishers('move_action/_action/status')
            and self._reasoner_is_active()
        )

    def records(self) -> bool:
        """Whether the recorder hears everything that an episode is made of."""
        own = (self._instruction, self._reasoning, self._affordance, self._trajectory)
        return all(self._is_recorded(topic) for topic in RECORDED) and all(
            publisher.get_subscription_count() >= self.count_subscribers(publisher.topic_name)
            for publisher in own
        )

    def _is_recorded(self, topic: str) -> bool:
        hearers = self.get_subscriptions_info_by_topic(topic)
        return any(info.node_name == RECORDER for info in hearers)

    def _reasoner_is_active(self) -> bool:
        asked = self._reasoner.call_async(GetState.Request())
        rclpy.spin_until_future_complete(self, asked, timeout_sec=START_S)
        state = asked.result()
        return state is not None and state.current_state.id == State.PRIMARY_STATE_ACTIVE

    def lay_out(self, seed: int, instruction: str, absent: bool) -> None:
        """Lay out a scene and wait until it has been seen."""
        values = {'seed': seed, 'instruction': instruction, 'absent': absent}
        request = SetParameters.Request(
            parameters=[Parameter(n, value=v).to_parameter_msg() for n, v in values.items()]
        )
        self._mountings.clear()
        self._truth.clear()
        for client, call in ((self._parameters, request), (self._reset, Trigger.Request())):
            rclpy.spin_until_future_complete(self, client.call_async(call), timeout_sec=START_S)
        self.wait(lambda: bool(self._mountings), START_S)
        self.look()

    def look(self) -> None:
        """Wait for some new pictures; those of the scene before may come late and do not count."""
        begin = Time.from_msg(self._mountings[-1].transforms[0].header.stamp)
        self._pictures.clear()

        def shown() -> int:
            return sum(Time.from_msg(m.header.stamp) > begin for m in self._pictures)

        self.wait(lambda: shown() >= SHOWN, START_S)

    def instruct(self, instruction: str) -> Outcome:
        """Let the robot's model answer."""
        self._outcomes.clear()
        self._instruction.publish(String(data=instruction))
        return self._outcome()

    def teach(self, instruction: str, task: Task) -> Outcome:
        """Give the robot the right answer."""

        def right() -> list[Reasoning]:
            return [m for m in self._truth if (m.instruction, m.task) == (instruction, task)]

        self.wait(lambda: bool(right()), START_S)
        truth = right()[-1]
        self._outcomes.clear()
        shown = self._pictures[-2]  # the image of the newest calibration may not be out yet
        header, request_id = shown.header, uuid.uuid4().hex
        size = {'image_width': shown.width, 'image_height': shown.height}
        common = {'header': header, 'request_id': request_id}
        truth.header, truth.request_id, truth.model = header, request_id, 'teacher'
        answer = parse(truth.text, task)
        if answer.absent:
            truth.error_code = Reasoning.OBJECT_NOT_FOUND
        self._reasoning.publish(truth)
        if answer.box is not None:
            message = Affordance(**common, **size, score=1.0)
            centre, box = message.bbox.center.position, message.bbox
            centre.x, centre.y, box.size_x, box.size_y = answer.box.to_px(*size.values())
            self._affordance.publish(message)
        elif answer.trajectory is not None:
            points = answer.trajectory.to_px(*size.values())
            waypoints = [Point2D(x=x, y=y) for x, y in points]
            self._trajectory.publish(Trajectory(**common, **size, score=1.0, waypoints=waypoints))
        return self._outcome()

    def answer_of(self, outcome: Outcome) -> Reasoning:
        """Return the model's answer that an outcome came of."""

        def its() -> list[Reasoning]:
            return [m for m in self._answers if m.request_id == outcome.request_id]

        self.wait(lambda: bool(its()), START_S)
        return its()[-1]

    def _outcome(self) -> Outcome:
        self.wait(lambda: bool(self._outcomes), EPISODE_S)
        return self._outcomes[-1]

    def wait(self, condition, timeout_s: float) -> None:
        """Spin until something is so; exit when it does not become so."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                sys.exit(f'nothing happened for {timeout_s:g} s; see the log beside the bag')
            rclpy.spin_once(self, timeout_sec=0.1)
