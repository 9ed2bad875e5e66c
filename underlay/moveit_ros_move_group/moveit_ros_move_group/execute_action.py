"""Action `execute_trajectory`: send a trajectory to the controllers and watch it."""

from moveit_msgs.action import ExecuteTrajectory
from rclpy.action.server import ServerGoalHandle

from moveit_ros_move_group.motion import Motion
from moveit_ros_move_group.stop import Stop


class ExecuteAction:
    """Serves moveit_msgs/action/ExecuteTrajectory."""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self._server = motion.serve(
            ExecuteTrajectory, 'execute_trajectory', self._work, moves=lambda goal: True
        )

    def _work(
        self, handle: ServerGoalHandle, result: ExecuteTrajectory.Result, stop: Stop
    ) -> None:
        with self._motion.turn:
            handle.publish_feedback(ExecuteTrajectory.Feedback(state='MONITOR'))
            goal = handle.request
            self._motion.run(goal.trajectory.joint_trajectory, goal.controller_names, stop)
