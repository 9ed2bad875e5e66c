"""Services `apply_planning_scene` and `get_planning_scene`, and the topic `planning_scene`."""

from moveit_msgs.msg import PlanningScene, PlanningSceneComponents
from moveit_msgs.srv import ApplyPlanningScene, GetPlanningScene

from moveit_ros_move_group.context import Context
from moveit_ros_move_group.convert import state_message
from moveit_ros_move_group.convert_scene import apply_scene, scene_message
from moveit_ros_move_group.errors import MoveItError

WITH_JOINTS = (
    PlanningSceneComponents.ROBOT_STATE | PlanningSceneComponents.ROBOT_STATE_ATTACHED_OBJECTS
)


class SceneServices:
    """Changes and shows the planning scene."""

    def __init__(self, context: Context) -> None:
        self._context = context
        node, group = context.node, context.callbacks
        node.create_subscription(
            PlanningScene, 'planning_scene', self._change, 10, callback_group=group
        )
        node.create_service(
            ApplyPlanningScene, 'apply_planning_scene', self._apply, callback_group=group
        )
        node.create_service(
            GetPlanningScene, 'get_planning_scene', self._get, callback_group=group
        )

    def _apply(
        self, request: ApplyPlanningScene.Request, response: ApplyPlanningScene.Response
    ) -> ApplyPlanningScene.Response:
        response.success = self._change(request.scene)
        return response

    def _change(self, message: PlanningScene) -> bool:
        context = self._context
        with context.lock:
            world = context.scene.world
            frames = context.frames(world, context.state.known())
            try:
                context.scene.world = apply_scene(
                    world, message, context.robot, frames, diff=message.is_diff
                )
            except MoveItError as error:
                context.node.get_logger().error(f'Planning scene not changed: {error.message}')
                return False
        return True

    def _get(
        self, request: GetPlanningScene.Request, response: GetPlanningScene.Response
    ) -> GetPlanningScene.Response:
        context, bits = self._context, request.components.components
        with context.lock:
            response.scene = scene_message(context.scene.world, context.robot, bits)
        if bits == 0 or bits & WITH_JOINTS:
            joints = state_message(context.state.known()).joint_state
            response.scene.robot_state.joint_state = joints
        return response
