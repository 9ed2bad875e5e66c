"""What a MoveIt user would write: a client node, and helpers that fill the messages."""

from collections.abc import Sequence
import time

from geometry_msgs.msg import Pose
from moveit_msgs.action import ExecuteTrajectory, MoveGroup
from moveit_msgs.msg import (
    AttachedCollisionObject,
    CollisionObject,
    Constraints,
    JointConstraint,
    OrientationConstraint,
    PlanningScene,
    PositionConstraint,
    RobotTrajectory,
)
from moveit_msgs.srv import ApplyPlanningScene, GetCartesianPath, GetPlanningScene
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import Parameter
from robot_model import JOINTS
from sensor_msgs.msg import JointState
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Float64


def pose(x: float, y: float, z: float, quaternion: Sequence[float] = (1.0, 0.0, 0.0, 0.0)) -> Pose:
    """Return a pose; by default it points down."""
    p = Pose()
    p.position.x, p.position.y, p.position.z = x, y, z
    o = p.orientation
    o.x, o.y, o.z, o.w = map(float, quaternion)
    return p


def pose_goal(target: Pose, frame: str = 'base_link', link: str = 'tcp') -> Constraints:
    """Return the constraints that put `link` at a pose, as MoveIt's clients build them."""
    position = PositionConstraint(link_name=link, weight=1.0)
    position.header.frame_id = frame
    position.constraint_region.primitives = [
        SolidPrimitive(type=SolidPrimitive.SPHERE, dimensions=[0.001])
    ]
    position.constraint_region.primitive_poses = [Pose(position=target.position)]
    orientation = OrientationConstraint(link_name=link, orientation=target.orientation, weight=1.0)
    orientation.header.frame_id = frame
    for axis in 'xyz':
        setattr(orientation, f'absolute_{axis}_axis_tolerance', 0.001)
    return Constraints(position_constraints=[position], orientation_constraints=[orientation])


def joint_goal(names: Sequence[str], positions: Sequence[float]) -> Constraints:
    """Return the constraints of a joint goal."""
    return Constraints(
        joint_constraints=[
            JointConstraint(
                joint_name=n, position=q, tolerance_above=1e-3, tolerance_below=1e-3, weight=1.0
            )
            for n, q in zip(names, positions, strict=True)
        ]
    )


def box(name: str, at: Pose, size: Sequence[float], frame: str = 'base_link') -> CollisionObject:
    """Return a box to add to the world."""
    item = CollisionObject(id=name, pose=at, operation=CollisionObject.ADD)
    item.header.frame_id = frame
    item.primitives = [SolidPrimitive(type=SolidPrimitive.BOX, dimensions=list(map(float, size)))]
    item.primitive_poses = [Pose()]
    return item


class Client(Node):
    """A client of a running move_group and of the test's driver."""

    def __init__(self) -> None:
        super().__init__('client')
        self.move_action = ActionClient(self, MoveGroup, 'move_action')
        self.execute_action = ActionClient(self, ExecuteTrajectory, 'execute_trajectory')
        self.cartesian = self.create_client(GetCartesianPath, 'compute_cartesian_path')
        self.apply = self.create_client(ApplyPlanningScene, 'apply_planning_scene')
        self.get = self.create_client(GetPlanningScene, 'get_planning_scene')
        self.driver = self.create_client(SetParameters, 'driver/set_parameters')
        self.joints: dict[str, float] = {}
        self.cancel_arrived: list[float] = []
        self.create_subscription(JointState, 'joint_states', self._on_state, 10)
        self.create_subscription(
            Float64, 'stopped', lambda m: self.cancel_arrived.append(m.data), 10
        )

    def destroy_node(self) -> None:
        # They hold the node's handle: without this it would stay in the graph of later tests.
        self.move_action.destroy()
        self.execute_action.destroy()
        super().destroy_node()

    def _on_state(self, message: JointState) -> None:
        self.joints = dict(zip(message.name, message.position, strict=True))

    def wait_until_ready(self, seconds: float = 20.0) -> None:
        for action in (self.move_action, self.execute_action):
            assert action.wait_for_server(seconds)
        for service in (self.cartesian, self.apply, self.get, self.driver):
            assert service.wait_for_service(seconds)
        # The servers may be there before the driver's joint states reach move_group.
        self.spin_until(lambda: bool(self.scene(2).robot_state.joint_state.name), seconds)
        self.spin_until(lambda: bool(self.joints), seconds)

    def scene(self, components: int = 0) -> PlanningScene:
        request = GetPlanningScene.Request()
        request.components.components = components
        return self.call(self.get, request).scene

    def spin_until(self, condition, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, 'timed out'
            rclpy.spin_once(self, timeout_sec=0.05)

    def wait(self, future, seconds: float = 20.0):
        rclpy.spin_until_future_complete(self, future, timeout_sec=seconds)
        assert future.done(), 'timed out'
        return future.result()

    def call(self, service, request):
        return self.wait(service.call_async(request))

    def goal(self, *constraints: Constraints, plan_only: bool = True) -> MoveGroup.Goal:
        goal = MoveGroup.Goal()
        goal.planning_options.plan_only = plan_only
        goal.request.group_name = 'arm'
        goal.request.allowed_planning_time = 3.0
        goal.request.goal_constraints = list(constraints)
        return goal

    def send(self, action, goal):
        handle = self.wait(action.send_goal_async(goal))
        assert handle.accepted
        return handle

    def result(self, handle):
        return self.wait(handle.get_result_async()).result

    def move(self, goal: MoveGroup.Goal) -> MoveGroup.Result:
        return self.result(self.send(self.move_action, goal))

    def execute(self, trajectory: RobotTrajectory) -> ExecuteTrajectory.Result:
        goal = ExecuteTrajectory.Goal(trajectory=trajectory)
        return self.result(self.send(self.execute_action, goal))

    def change_scene(self, **world) -> bool:
        scene = PlanningScene(is_diff=True)
        scene.robot_state.is_diff = True
        scene.world.collision_objects = world.get('objects', [])
        scene.robot_state.attached_collision_objects = world.get('attached', [])
        if 'matrix' in world:
            scene.allowed_collision_matrix = world['matrix']
        return self.call(self.apply, ApplyPlanningScene.Request(scene=scene)).success

    def clear_scene(self) -> bool:
        detach = AttachedCollisionObject(object=CollisionObject(operation=CollisionObject.REMOVE))
        remove = CollisionObject(operation=CollisionObject.REMOVE)
        return self.change_scene(attached=[detach]) and self.change_scene(objects=[remove])

    def at(self, joints: Sequence[float]) -> bool:
        """Say whether the driver reports these positions of the arm."""
        return all(abs(self.joints[n] - q) < 2e-3 for n, q in zip(JOINTS, joints, strict=True))

    def set_fault(self, fault: str) -> None:
        parameter = Parameter('fault', value=fault).to_parameter_msg()
        self.call(self.driver, SetParameters.Request(parameters=[parameter]))
