"""Service `compute_cartesian_path`."""

from moveit_msgs.srv import GetCartesianPath

from moveit_ros_move_group import cartesian
from moveit_ros_move_group.context import Context
from moveit_ros_move_group.convert import (
    error_message,
    pose_matrix,
    refuse_path_constraints,
    scaling_of,
    start_positions,
    state_message,
    trajectory_message,
)
from moveit_ros_move_group.errors import Code, MoveItError


class CartesianService:
    """Serves moveit_msgs/srv/GetCartesianPath."""

    def __init__(self, context: Context) -> None:
        self._context = context
        context.node.create_service(
            GetCartesianPath,
            'compute_cartesian_path',
            self._answer,
            callback_group=context.callbacks,
        )

    def _answer(
        self, request: GetCartesianPath.Request, response: GetCartesianPath.Response
    ) -> GetCartesianPath.Response:
        try:
            self._follow(request, response)
        except MoveItError as error:
            self._context.node.get_logger().warning(f'{error.code.name}: {error.message}')
            response.error_code = error_message(error.code, error.message)
        return response

    def _follow(
        self, request: GetCartesianPath.Request, response: GetCartesianPath.Response
    ) -> None:
        context = self._context
        group = context.robot.group(request.group_name)
        link = context.robot.check_link(request.link_name or group.tip)
        refuse_path_constraints(request.path_constraints)
        if request.max_step <= 0.0:
            raise MoveItError(Code.FAILURE, 'max_step must be > 0 m.')
        positions = start_positions(request.start_state, context.state.positions(group.joints))
        with context.lock:
            world = context.world_at(request.start_state, positions)
            scene = context.scene.exact(world)
            frame = context.frames(world, positions)(request.header.frame_id)
            found = cartesian.follow(
                scene,
                cartesian.CartesianRequest(
                    group=group,
                    link=link,
                    start=scene.configuration(positions),
                    waypoints=tuple(frame @ pose_matrix(pose) for pose in request.waypoints),
                    max_step=request.max_step,
                    max_jump=request.revolute_jump_threshold,
                    jump_factor=request.jump_threshold,
                    avoid_collisions=request.avoid_collisions,
                    scaling=scaling_of(request),
                ),
            )
        response.start_state = state_message(positions)
        response.solution = trajectory_message(found.trajectory, context.robot.root)
        response.fraction = found.fraction
        stopped = f'Stopped after {found.fraction:.0%} by {found.stopped_by}.'
        response.error_code = error_message(Code.SUCCESS, stopped if found.stopped_by else '')
