"""The whole system on the simulated cell, with its real processes: bringup, scenes, instructions.

What it shows beyond `direct_cell.py`: latencies, stops, and whatever else ROS adds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import subprocess
import time
from typing import Any

from cell import CellError, Plan
from cv_bridge import CvBridge
from domain_coordinator import domain_id
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import Trigger

from vla_r1_msgs.action import ExecuteInstruction
from vla_r1_msgs.msg import Outcome, Reasoning

STILL = 0.02  # [rad/s] and, for the fingers, [m/s]; the noise of a standing arm is below
LOADING_S = 1800.0  # that a model may take to load, at most
PICTURES = 2  # of a new scene that must have come before an instruction is given
IMAGE = '/camera/camera/color/image_raw'
CAMERA_INFO = '/camera/camera/color/camera_info'


class RosCell(Node):
    """A client of the running system, and a `cell.Cell`.

    Attributes:
        stages: (when [s, steady], stage, text) of the present instruction's feedback.
    """

    def __init__(self) -> None:
        super().__init__('bench')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        self._pictures_ns: list[int] = []
        self.stages: list[tuple[float, str, str]] = []
        self.overlay: NDArray[np.uint8] | None = None
        self.model_s = 0.0
        self.first_motion_s: float | None = None
        self.plans: list[Plan] = []
        self._sent = 0.0
        self.action = ActionClient(self, ExecuteInstruction, 'execute_instruction')
        self._parameters = self.create_client(SetParameters, 'sim/set_parameters')
        self._reset = self.create_client(Trigger, 'sim/reset')
        self._verdict = self.create_client(Trigger, 'sim/verdict')
        self._reasoner = self.create_client(GetState, 'reasoner/get_state')
        self.create_subscription(
            CameraInfo, CAMERA_INFO, self._on_picture, qos_profile_sensor_data
        )
        self.create_subscription(JointState, 'joint_states', self._on_joints, 10)
        self.create_subscription(Reasoning, 'reasoning', self._on_reasoning, 10)
        self.create_subscription(Image, 'overlay', self._on_overlay, 1)

    def wait_until_up(self, timeout_s: float = 90.0) -> None:
        """Wait for every server that a pick needs."""
        end = time.monotonic() + timeout_s
        names = ('reason', 'move_action', 'execute_trajectory', 'gripper_controller/gripper_cmd')
        needed = {f'/{name}/_action/status' for name in names}
        while needed - {name for name, _ in self.get_topic_names_and_types()}:
            if time.monotonic() > end:
                raise CellError(f'not up after {timeout_s:g} s')
            self.spin_for(0.2)
        for server in (self._parameters, self._reset, self._verdict, self._reasoner):
            if not server.wait_for_service(timeout_sec=10.0):
                raise CellError(f'no {server.srv_name}')
        if not self.action.wait_for_server(timeout_sec=10.0):
            raise CellError('no execute_instruction')
        self._wait_until_loaded(timeout_s)

    def _wait_until_loaded(self, timeout_s: float) -> None:
        """Wait until the reasoner is active; it answers nothing while it loads its model."""
        for _ in range(int(timeout_s / 0.2)):
            asked = self._reasoner.call_async(GetState.Request())
            if self.result(asked, LOADING_S).current_state.id == State.PRIMARY_STATE_ACTIVE:
                return
            self.spin_for(0.2)
        raise CellError('the reasoner has no model')

    def reset(self, seed: int, instruction: str, *, absent: bool = False) -> None:
        """Lay out a scene, and wait until pictures of it come."""
        values = {'seed': seed, 'instruction': instruction, 'absent': absent}
        request = SetParameters.Request(
            parameters=[Parameter(n, value=v).to_parameter_msg() for n, v in values.items()]
        )
        self.result(self._parameters.call_async(request))
        self.result(self._reset.call_async(Trigger.Request()))
        before = max(self._pictures_ns, default=0)
        while sum(stamp > before for stamp in self._pictures_ns) <= PICTURES:
            self.spin_for(0.05)

    def verdict(self) -> tuple[bool, str]:
        """Return what the physics says about the scene's instruction."""
        response = self.result(self._verdict.call_async(Trigger.Request()))
        return response.success, response.message

    def send(self, instruction: str) -> Any:
        """Give an instruction; return the accepted goal."""
        self.stages, self.plans, self.overlay = [], [], None
        self.model_s, self.first_motion_s = 0.0, None
        self._sent = time.monotonic()
        goal = ExecuteInstruction.Goal(instruction=instruction)
        return self.result(self.action.send_goal_async(goal, feedback_callback=self._on_feedback))

    def ask(self, instruction: str) -> Outcome:
        """Give an instruction and return what became of it."""
        outcome = self.result(self.send(instruction).get_result_async()).result.outcome
        if outcome.planning_time > 0:
            self.plans = [Plan('whole task', outcome.planning_time, found=True)]
        return outcome

    def moved(self) -> bool:
        """Whether arm or fingers have moved since the instruction."""
        return self.first_motion_s is not None

    def picture(self) -> NDArray[np.uint8] | None:
        """Return the camera's next picture (H, W, 3), None when none comes within 5 s."""
        came: list[Image] = []
        subscription = self.create_subscription(Image, IMAGE, came.append, 1)
        end = time.monotonic() + 5.0
        while not came and time.monotonic() < end:
            self.spin_for(0.05)
        self.destroy_subscription(subscription)
        return _rgb(came[0]) if came else None

    def result(self, future: Future, timeout_s: float = 180.0) -> Any:
        """Spin until a future is done."""
        end = time.monotonic() + timeout_s
        while not future.done():
            if time.monotonic() > end:
                raise CellError(f'no answer within {timeout_s:g} s')
            self._executor.spin_once(timeout_sec=0.1)
        return future.result()

    def spin_for(self, seconds: float) -> None:
        """Take messages for a while [s, wall]."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.02)

    def _on_picture(self, msg: CameraInfo) -> None:
        self._pictures_ns.append(msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec)
        del self._pictures_ns[:-20]

    def _on_joints(self, msg: JointState) -> None:
        moving = max(abs(velocity) for velocity in msg.velocity) > STILL
        if moving and self.first_motion_s is None:
            self.first_motion_s = time.monotonic() - self._sent

    def _on_reasoning(self, msg: Reasoning) -> None:
        self.model_s += msg.latency

    def _on_overlay(self, msg: Image) -> None:
        self.overlay = _rgb(msg)

    def _on_feedback(self, msg: Any) -> None:
        self.stages.append((time.monotonic(), msg.feedback.stage, msg.feedback.text))


@contextmanager
def running_cell(log: Path, **arguments: str | float) -> Iterator[RosCell]:
    """Bring everything up in a ROS domain of its own, and take it down at the end.

    Args:
        log: where the output of bringup goes.
        arguments: of bringup.launch.py, by name.
    """
    with domain_id() as domain, log.open('w') as out:
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        command = ['ros2', 'launch', 'vla_r1', 'bringup.launch.py', 'sim:=true', 'execute:=auto']
        bringup = subprocess.Popen(
            [*command, *(f'{name}:={value}' for name, value in arguments.items())],
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # Ctrl-C is Python's
        cell = RosCell()
        try:
            cell.wait_until_up()
            yield cell
        except CellError as error:
            raise CellError(f'{error}; the output of bringup: {log}') from error
        finally:
            cell.destroy_node()
            rclpy.try_shutdown()
            bringup.send_signal(signal.SIGINT)  # which it hands on
            try:
                bringup.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(bringup.pid, signal.SIGKILL)


def _rgb(msg: Image) -> NDArray[np.uint8]:
    return CvBridge().imgmsg_to_cv2(msg, 'rgb8')
