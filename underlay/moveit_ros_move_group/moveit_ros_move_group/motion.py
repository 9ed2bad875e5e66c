"""One motion at a time: goals of both actions, their stops, and execution."""

from collections.abc import Callable, Sequence
import threading
from typing import Any

from moveit_msgs.msg import MoveItErrorCodes
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from trajectory_msgs.msg import JointTrajectory

from moveit_ros_move_group.context import Context
from moveit_ros_move_group.controllers import Controllers
from moveit_ros_move_group.convert import error_message
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.stop import Stop


class Motion:
    """Serves the actions that may move the robot. A new motion stops the one under way.

    Attributes:
        turn: hold it while the robot moves.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        parameters = context.parameters
        self._controllers = Controllers(
            context.node,
            parameters.controllers,
            duration_scaling=parameters.duration_scaling,
            duration_margin=parameters.duration_margin,
        )
        self.turn = threading.Lock()
        self._newest = Stop()
        self._stops: dict[bytes, Stop] = {}

    def serve(
        self,
        action: Any,
        name: str,
        work: Callable[[ServerGoalHandle, Any, Stop], None],
        moves: Callable[[Any], bool],
    ) -> ActionServer:
        """Serve an action whose result has an `error_code`.

        Args:
            action: its type.
            name: its name.
            work: fills the result, or raises MoveItError; must heed the stop.
            moves: says whether a goal would move the robot.
        """

        def accepted(handle: ServerGoalHandle) -> None:
            stop = self._stop_of(handle)
            if moves(handle.request):
                previous, self._newest = self._newest, stop
                previous.request()
            handle.execute()

        def execute(handle: ServerGoalHandle) -> Any:
            result = action.Result()
            try:
                work(handle, result, self._stop_of(handle))
                result.error_code = error_message(Code.SUCCESS)
            except MoveItError as error:
                result.error_code = error_message(error.code, error.message)
            self._finish(handle, result.error_code)
            del self._stops[bytes(handle.goal_id.uuid)]
            return result

        return ActionServer(
            self._context.node,
            action,
            name,
            execute,
            callback_group=self._context.callbacks,
            handle_accepted_callback=accepted,
            cancel_callback=self._cancel,
        )

    def run(self, trajectory: JointTrajectory, controllers: Sequence[str], stop: Stop) -> None:
        """Execute a trajectory that starts where the robot is; the caller holds `turn`.

        Raises:
            MoveItError: CONTROL_FAILED, PREEMPTED, TIMED_OUT or ROBOT_STATE_STALE.
        """
        names = trajectory.joint_names
        if not trajectory.points or not names:
            raise MoveItError(Code.CONTROL_FAILED, 'The trajectory is empty: plan again.')
        current = self._context.state.positions(names)
        tolerance = self._context.parameters.start_tolerance
        for name, start in zip(names, trajectory.points[0].positions, strict=True):
            off = abs(current[name] - start)
            if tolerance > 0.0 and off > tolerance:
                raise MoveItError(
                    Code.CONTROL_FAILED,
                    f"The trajectory starts {off:.3f} from where '{name}' is, more than "
                    f'trajectory_execution.allowed_start_tolerance = {tolerance:g}: plan again.',
                )
        self._controllers.execute(trajectory, controllers, stop)

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        self._stop_of(handle).request()
        return CancelResponse.ACCEPT

    def _stop_of(self, handle: ServerGoalHandle) -> Stop:
        """Return a goal's stop; a client's cancel may come before `accepted` is called."""
        return self._stops.setdefault(bytes(handle.goal_id.uuid), Stop())

    def _finish(self, handle: ServerGoalHandle, error: MoveItErrorCodes) -> None:
        if error.val == Code.SUCCESS:
            handle.succeed()
            return
        self._context.node.get_logger().warning(f'{Code(error.val).name}: {error.message}')
        if handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
