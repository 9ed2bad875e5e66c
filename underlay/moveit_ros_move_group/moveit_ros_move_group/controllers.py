"""Execution: trajectories to FollowJointTrajectory controllers, watched until they end."""

from collections.abc import Sequence
from dataclasses import dataclass
import queue
import threading
import time

from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.stop import Stop

SERVER_PATIENCE = 1.0  # [s] for a controller to be there
STOP_PATIENCE = 1.0  # [s] for a controller to confirm that it stopped


@dataclass(frozen=True)
class ControllerSpec:
    """One entry of moveit_simple_controller_manager."""

    name: str
    action: str
    type: str
    joints: tuple[str, ...]


class _Client(ActionClient):
    """Sends goals from any thread.

    rclpy notes down a goal only after sending it; an answer that the executor takes in between
    is dropped, and the motion never ends.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.sending = threading.Lock()
        super().__init__(*args, **kwargs)

    def take_data(self) -> object:
        """Take an answer, but not while a goal is on its way out."""
        with self.sending:
            return super().take_data()


class _Goal:
    """One trajectory at one controller; reports itself to `ended` when it is over."""

    def __init__(
        self,
        name: str,
        client: _Client,
        trajectory: JointTrajectory,
        stop: Stop,
        ended: 'queue.SimpleQueue[_Goal]',
    ) -> None:
        self.name = name
        self.failure: MoveItError | None = None
        self._stop = stop
        self._ended = ended
        goal = FollowJointTrajectory.Goal(trajectory=trajectory)
        with client.sending:
            sent = client.send_goal_async(goal)
        sent.add_done_callback(self._answered)

    def _answered(self, future: Future) -> None:
        handle = future.result()
        if handle is None or not handle.accepted:
            self._finish(Code.CONTROL_FAILED, 'refused the trajectory')
            return
        handle.get_result_async().add_done_callback(self._done)
        # Also covers a stop that came before the controller had accepted.
        self._stop.listen(handle.cancel_goal_async)

    def _done(self, future: Future) -> None:
        response = future.result()
        if response.status == GoalStatus.STATUS_CANCELED:
            self._finish(Code.PREEMPTED, 'was stopped')
        elif response.status == GoalStatus.STATUS_SUCCEEDED and response.result.error_code == 0:
            self._ended.put(self)
        else:
            result = response.result
            self._finish(
                Code.CONTROL_FAILED, f'failed ({result.error_code}: {result.error_string})'
            )

    def _finish(self, code: Code, what: str) -> None:
        self.failure = MoveItError(code, f"Controller '{self.name}' {what}.")
        self._ended.put(self)


class Controllers:
    """The controllers that the parameters name."""

    def __init__(
        self,
        node: Node,
        specs: Sequence[ControllerSpec],
        *,
        duration_scaling: float,
        duration_margin: float,
    ) -> None:
        """Make a client for each FollowJointTrajectory controller.

        Args:
            node: whose clock limits the execution.
            specs: from the parameters.
            duration_scaling: times the trajectory's duration, that execution may take ...
            duration_margin: ... plus so much [s].
        """
        self._clock = node.get_clock()
        self._specs = {s.name: s for s in specs}
        self._scaling, self._margin = duration_scaling, duration_margin
        group = ReentrantCallbackGroup()
        self._clients = {
            s.name: _Client(node, FollowJointTrajectory, s.action, callback_group=group)
            for s in specs
            if s.type == 'FollowJointTrajectory'
        }

    def execute(self, trajectory: JointTrajectory, names: Sequence[str], stop: Stop) -> None:
        """Run a trajectory to its end, or until `stop`.

        Args:
            trajectory: may span several controllers.
            names: of the controllers to use; empty means whichever have the joints.
            stop: cancels the controllers' goals in the thread that asks for it.

        Raises:
            MoveItError: PREEMPTED, TIMED_OUT or CONTROL_FAILED.
        """
        parts = self._split(trajectory, names)
        for name in parts:
            if not self._clients[name].wait_for_server(SERVER_PATIENCE):
                action = self._specs[name].action
                raise MoveItError(
                    Code.CONTROL_FAILED, f"No action server '{action}': start the controller."
                )
        if stop.requested():
            raise MoveItError(Code.PREEMPTED, 'Stopped before the motion began.')
        ended: queue.SimpleQueue[_Goal] = queue.SimpleQueue()
        halt = Stop()  # ours, so that one controller's failure also stops the others
        stop.listen(halt.request)
        for name, part in parts.items():
            _Goal(name, self._clients[name], part, halt, ended)
        self._watch(len(parts), trajectory, ended, halt)
        if stop.requested():
            raise MoveItError(Code.PREEMPTED, 'The motion was stopped.')

    def _watch(
        self,
        running: int,
        trajectory: JointTrajectory,
        ended: 'queue.SimpleQueue[_Goal]',
        halt: Stop,
    ) -> None:
        last = trajectory.points[-1].time_from_start
        allowed = (last.sec + last.nanosec * 1e-9) * self._scaling + self._margin
        begun = self._now()
        failure: MoveItError | None = None
        give_up: float | None = None
        while running:
            try:
                goal = ended.get(timeout=0.05)
                running -= 1
                failure = failure or goal.failure
            except queue.Empty:
                if failure is None and self._now() - begun > allowed:
                    failure = MoveItError(
                        Code.TIMED_OUT,
                        f'The motion took longer than {allowed:.1f} s: is the robot blocked, or '
                        'trajectory_execution.allowed_execution_duration_scaling too small?',
                    )
            if failure is not None:
                halt.request()
            if halt.requested():
                give_up = give_up or time.monotonic() + STOP_PATIENCE
                if time.monotonic() > give_up:
                    raise failure or MoveItError(
                        Code.CONTROL_FAILED, 'A controller did not confirm the stop within 1 s.'
                    )
        if failure is not None:
            raise failure

    def _now(self) -> float:
        return float(self._clock.now().nanoseconds) * 1e-9

    def _split(
        self, trajectory: JointTrajectory, names: Sequence[str]
    ) -> dict[str, JointTrajectory]:
        """Give each controller the columns of its joints."""
        unknown = [n for n in names if n not in self._clients]
        if unknown:
            raise MoveItError(
                Code.CONTROL_FAILED,
                f'No FollowJointTrajectory controller {", ".join(unknown)}; there are: '
                f'{", ".join(self._clients)}.',
            )
        parts: dict[str, JointTrajectory] = {}
        left = set(trajectory.joint_names)
        for name in names or self._clients:
            joints = [j for j in self._specs[name].joints if j in left]
            if joints:
                parts[name] = _columns(trajectory, joints)
                left -= set(joints)
        if left:
            raise MoveItError(
                Code.CONTROL_FAILED,
                f'No FollowJointTrajectory controller has {", ".join(sorted(left))}: '
                'see moveit_simple_controller_manager.',
            )
        return parts


def _columns(trajectory: JointTrajectory, joints: list[str]) -> JointTrajectory:
    """Return the trajectory of some of its joints."""
    if joints == list(trajectory.joint_names):
        return trajectory
    columns = [list(trajectory.joint_names).index(j) for j in joints]
    part = JointTrajectory(header=trajectory.header, joint_names=joints)
    part.points = [
        JointTrajectoryPoint(
            time_from_start=p.time_from_start,
            **{
                field: [getattr(p, field)[c] for c in columns]
                for field in ('positions', 'velocities', 'accelerations', 'effort')
                if len(getattr(p, field))
            },
        )
        for p in trajectory.points
    ]
    return part
