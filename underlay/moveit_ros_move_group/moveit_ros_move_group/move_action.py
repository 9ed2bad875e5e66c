"""Action `move_action`: plan, and unless `plan_only`, move."""

import time

from moveit_msgs.action import MoveGroup
from rclpy.action.server import ServerGoalHandle

from moveit_ros_move_group import planning
from moveit_ros_move_group.context import Context
from moveit_ros_move_group.convert import (
    goals_of,
    refuse_path_constraints,
    scaling_of,
    start_positions,
    state_message,
    trajectory_message,
)
from moveit_ros_move_group.convert_scene import apply_scene
from moveit_ros_move_group.motion import Motion
from moveit_ros_move_group.stop import Stop

DEFAULT_PLANNING_TIME = 1.0  # [s] as MoveIt, when a request says none


class MoveAction:
    """Serves moveit_msgs/action/MoveGroup."""

    def __init__(self, context: Context, motion: Motion) -> None:
        self._context = context
        self._motion = motion
        self._server = motion.serve(
            MoveGroup,
            'move_action',
            self._work,
            moves=lambda goal: not goal.planning_options.plan_only,
        )

    def _work(self, handle: ServerGoalHandle, result: MoveGroup.Result, stop: Stop) -> None:
        if handle.request.planning_options.plan_only:
            self._plan(handle, result, stop)
            return
        with self._motion.turn:
            self._plan(handle, result, stop)
            trajectory = result.planned_trajectory.joint_trajectory
            if len(trajectory.points) > 1:  # one point: the robot is there already
                handle.publish_feedback(MoveGroup.Feedback(state='MONITOR'))
                self._motion.run(trajectory, [], stop)

    def _plan(self, handle: ServerGoalHandle, result: MoveGroup.Result, stop: Stop) -> None:
        handle.publish_feedback(MoveGroup.Feedback(state='PLANNING'))
        context, request = self._context, handle.request.request
        options = handle.request.planning_options
        group = context.robot.group(request.group_name)
        refuse_path_constraints(request.path_constraints)
        positions = context.state.positions(group.joints)
        if options.plan_only:  # what is executed always starts where the robot is
            positions = start_positions(request.start_state, positions)
        begun = time.monotonic()
        with context.lock:
            world = context.scene.world
            frames = context.frames(world, positions)
            if options.plan_only:
                world = context.world_at(request.start_state, positions)
            world = apply_scene(
                world, options.planning_scene_diff, context.robot, frames, diff=True
            )
            exact, padded = context.scene.exact(world), context.scene.padded(world)
            frames = context.frames(world, positions)
            goals = goals_of(request.goal_constraints, context.robot, group, positions, frames)
            trajectory = planning.plan(
                exact,
                padded,
                planning.Request(
                    group=group,
                    start=exact.configuration(positions),
                    goals=goals,
                    scaling=scaling_of(request),
                    seconds=request.allowed_planning_time or DEFAULT_PLANNING_TIME,
                    attempts=max(1, request.num_planning_attempts),
                ),
                seed=context.seed(),
                cancelled=stop.requested,
            )
        result.planning_time = time.monotonic() - begun
        result.trajectory_start = state_message(positions)
        result.planned_trajectory = trajectory_message(trajectory, context.robot.root)
