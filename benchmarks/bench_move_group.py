"""How fast and how safe `move_group` plans: 50 pose goals between boxes on a table.

Each goal goes over the MoveGroup action to a move_group in a process of its own. Judged is the
wall time from pose goal to checked trajectory inside it (MoveIt's `planning_time`); printed beside
it, the time from sending the goal to holding the result in Python, and what an action of rclpy
costs there by itself: a goal that is met already. Every trajectory is then checked at 2 ms by
MuJoCo, which shares no code with the planner. Exit status 1 when a figure is missed.

Usage: python benchmarks/bench_move_group.py [--problems 50] [--seed 7]
"""

import argparse
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

os.environ.setdefault('MUJOCO_GL', 'egl')

from ament_index_python import get_package_prefix, get_package_share_directory
from checker import Checker, FINGER_OPENING, JOINTS, ON_TABLE, worst_depth
from geometry_msgs.msg import Pose
from machine import machine
from moveit_msgs.action import MoveGroup
from moveit_msgs.msg import (
    AllowedCollisionEntry,
    CollisionObject,
    Constraints,
    MoveItErrorCodes,
    OrientationConstraint,
    PlanningSceneComponents,
    PositionConstraint,
)
from moveit_msgs.srv import ApplyPlanningScene, GetPlanningScene
import numpy as np
import psutil
import rclpy
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from shape_msgs.msg import SolidPrimitive
import xacro
import yaml

TABLE = ('table', (0.35, 0.0, -0.022), (1.1, 1.2, 0.04))
PAUSE = 0.2  # [s] between goals; a server lists all goals of 10 s in each status message
P50_LIMIT, SUCCESS_LIMIT = 0.040, 0.94  # [s]; share of problems, a few may be infeasible


class Client(Node):
    """Plays the robot that stands still, and asks move_group for plans."""

    def __init__(self) -> None:
        super().__init__('bench_move_group')
        self._spinner = SingleThreadedExecutor()
        self._spinner.add_node(self)
        self.states = self.create_publisher(JointState, 'joint_states', 10)
        self.create_timer(0.1, self.publish_state)
        self.plans = ActionClient(self, MoveGroup, 'move_action')
        self.apply = self.create_client(ApplyPlanningScene, 'apply_planning_scene')
        self.get = self.create_client(GetPlanningScene, 'get_planning_scene')

    def publish_state(self) -> None:
        message = JointState(name=[*JOINTS, 'left_finger_joint'])
        message.header.stamp = self.get_clock().now().to_msg()
        message.position = [0.0, -1.57, 0.0, -1.57, 0.0, 0.0, FINGER_OPENING]
        self.states.publish(message)

    def wait(self, future, seconds: float = 30.0):
        self._spinner.spin_until_future_complete(future, timeout_sec=seconds)
        if not future.done():
            raise TimeoutError('move_group did not answer')
        return future.result()

    def scene(self, components: int):
        request = GetPlanningScene.Request()
        request.components.components = components
        return self.wait(self.get.call_async(request)).scene

    def wait_until_ready(self) -> None:
        if not (self.plans.wait_for_server(30.0) and self.apply.wait_for_service(30.0)):
            raise TimeoutError('move_group did not start')
        while not self.scene(PlanningSceneComponents.ROBOT_STATE).robot_state.joint_state.name:
            self._spinner.spin_once(timeout_sec=0.1)

    def set_world(self, boxes: list) -> None:
        scene = self.scene(PlanningSceneComponents.ALLOWED_COLLISION_MATRIX)
        matrix = scene.allowed_collision_matrix
        names = [*matrix.entry_names, 'table']
        for name, row in zip(matrix.entry_names, matrix.entry_values, strict=True):
            row.enabled = [*row.enabled, name in ON_TABLE]
        last = AllowedCollisionEntry(enabled=[name in ON_TABLE for name in names])
        matrix.entry_names, matrix.entry_values = names, [*matrix.entry_values, last]
        scene.is_diff = scene.robot_state.is_diff = True
        scene.world.collision_objects = [_box(*box) for box in boxes]
        request = ApplyPlanningScene.Request(scene=scene)
        if not self.wait(self.apply.call_async(request)).success:
            raise RuntimeError('move_group refused the scene')

    def plan(self, start: np.ndarray, target: tuple) -> tuple[MoveGroup.Result, float]:
        goal = MoveGroup.Goal()
        goal.planning_options.plan_only = True
        goal.request.group_name = 'arm'
        goal.request.allowed_planning_time = 2.0
        goal.request.start_state.joint_state.name = list(JOINTS)
        goal.request.start_state.joint_state.position = start.tolist()
        goal.request.goal_constraints = [_constraints(*target)]
        begun = time.perf_counter()
        handle = self.wait(self.plans.send_goal_async(goal))
        result = self.wait(handle.get_result_async()).result
        return result, time.perf_counter() - begun


def _box(name: str, position: tuple, size: tuple) -> CollisionObject:
    item = CollisionObject(id=name, operation=CollisionObject.ADD)
    item.header.frame_id = 'base_link'
    item.pose.position.x, item.pose.position.y, item.pose.position.z = map(float, position)
    dimensions = [float(side) for side in size]
    item.primitives = [SolidPrimitive(type=SolidPrimitive.BOX, dimensions=dimensions)]
    item.primitive_poses = [Pose()]
    return item


def _constraints(position: np.ndarray, quaternion: np.ndarray) -> Constraints:
    pose = Pose()
    pose.position.x, pose.position.y, pose.position.z = map(float, position)
    place = PositionConstraint(link_name='tcp', weight=1.0)
    place.header.frame_id = 'base_link'
    place.constraint_region.primitives = [
        SolidPrimitive(type=SolidPrimitive.SPHERE, dimensions=[0.001])
    ]
    place.constraint_region.primitive_poses = [pose]
    turn = OrientationConstraint(link_name='tcp', weight=1.0)
    turn.header.frame_id = 'base_link'
    o = turn.orientation
    o.w, o.x, o.y, o.z = map(float, quaternion)
    for axis in 'xyz':
        setattr(turn, f'absolute_{axis}_axis_tolerance', 0.001)
    return Constraints(position_constraints=[place], orientation_constraints=[turn])


def draw_boxes(rng: np.random.Generator) -> list:
    """Return the table and five boxes on it, at least 0.22 m apart."""
    boxes: list = [TABLE]
    while len(boxes) < 6:
        size = rng.uniform((0.06, 0.06, 0.12), (0.14, 0.14, 0.32))
        position = np.array([rng.uniform(0.32, 0.68), rng.uniform(-0.4, 0.4), size[2] / 2])
        if all(np.hypot(*(position[:2] - b[1][:2])) > 0.22 for b in boxes[1:]):
            boxes.append((f'box{len(boxes) - 1}', position, size))
    return boxes


def draw_postures(rng: np.random.Generator, checker: Checker, count: int) -> list[np.ndarray]:
    """Return free postures (6,) [rad], the tool over the table and within 40 degrees of down."""
    postures = []
    while len(postures) < count:
        q = rng.uniform(-np.pi, np.pi, 6)
        position, quaternion = checker.tool(q)
        w, x, y, z = quaternion
        downward = -(w * w - x * x - y * y + z * z)
        low, high = np.array([0.28, -0.45, 0.05]), np.array([0.72, 0.45, 0.4])
        inside = ((low < position) & (position < high)).all()
        if inside and downward > np.cos(np.radians(40)) and not checker.touches(q):
            postures.append(q)
    return postures


def start_move_group(folder: Path, urdf: str, srdf: str) -> subprocess.Popen:
    """Start move_group with the simulator's robot, as bringup does."""
    values = {'robot_description': urdf, 'robot_description_semantic': srdf, 'seed': 1}
    parameters = folder / 'move_group.yaml'
    parameters.write_text(yaml.safe_dump({'/**': {'ros__parameters': values}}))
    limits = (
        Path(get_package_share_directory('vla_r1_sim')) / 'config' / 'ur5e' / 'joint_limits.yaml'
    )
    program = Path(get_package_prefix('moveit_ros_move_group')) / 'lib' / 'moveit_ros_move_group'
    files = ['--params-file', str(parameters), '--params-file', str(limits)]
    return subprocess.Popen(
        [str(program / 'move_group'), '--ros-args', '--log-level', 'error', *files]
    )


def main() -> int:
    """Run the benchmark; print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--problems', type=int, default=50)
    parser.add_argument('--seed', type=int, default=7)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    share = Path(get_package_share_directory('vla_r1_sim'))
    urdf = xacro.process_file(str(share / 'urdf' / 'ur5e.urdf.xacro')).toxml()
    srdf = (share / 'config' / 'ur5e' / 'arm.srdf').read_text()
    pairs = [
        (e.getAttribute('link1'), e.getAttribute('link2'))
        for e in xacro.parse(srdf).getElementsByTagName('disable_collisions')
    ]
    boxes = draw_boxes(rng)
    checker = Checker(urdf, pairs, boxes)
    postures = draw_postures(rng, checker, arguments.problems)
    with tempfile.TemporaryDirectory() as folder:
        process = start_move_group(Path(folder), urdf, srdf)
        rclpy.init()
        client = Client()
        try:
            client.wait_until_ready()
            client.set_world(boxes)
            seconds, planning, empty, depths, failures, off = [], [], [], [], [], []
            cpu = psutil.Process(process.pid)
            cpu_begun = sum(cpu.cpu_times()[:2])
            for i, goal in enumerate(postures):
                start = postures[(i + len(postures) // 2) % len(postures)]
                target = checker.tool(goal)
                client.publish_state()  # the checks between two goals outlast its timer
                time.sleep(PAUSE)
                result, elapsed = client.plan(start, target)
                empty.append(client.plan(goal, target)[1])
                if result.error_code.val != MoveItErrorCodes.SUCCESS:
                    failures.append(f'{i}: {result.error_code.val} {result.error_code.message}')
                    continue
                trajectory = result.planned_trajectory.joint_trajectory
                seconds.append(elapsed)
                planning.append(result.planning_time)
                depths.append(worst_depth(checker, trajectory))
                end = checker.tool(np.array(trajectory.points[-1].positions))
                off.append(float(np.linalg.norm(end[0] - target[0])))
            cpu_each = (sum(cpu.cpu_times()[:2]) - cpu_begun) / len(postures)
        finally:
            client.destroy_node()
            rclpy.shutdown()
            process.terminate()
            process.wait(10.0)
    touching = sum(depth > 0 for depth in depths)
    p50, p95 = np.percentile(planning, [50, 95])
    trip50, trip95 = np.percentile(seconds, [50, 95])
    share_solved = len(seconds) / len(postures)
    print(machine())
    print(f'solved {len(seconds)} of {len(postures)} pose goals (at least {SUCCESS_LIMIT:.0%})')
    print(f'pose goal to trajectory: p50 {p50 * 1e3:.0f} ms (at most 40), p95 {p95 * 1e3:.0f} ms')
    print(f'  over the action: p50 {trip50 * 1e3:.0f} ms, p95 {trip95 * 1e3:.0f} ms')
    print(f'  over the action, nothing to plan: p50 {np.median(empty) * 1e3:.0f} ms')
    print(f'CPU time of move_group: {cpu_each * 1e3:.0f} ms a goal, mean over all')
    print(f'touching at 2 ms: {touching} (0 allowed), deepest {max(0.0, *depths) * 1e3:.2f} mm')
    print(f'tool off its goal: at most {max(off) * 1e3:.2f} mm')
    for failure in failures:
        print(f'failed {failure}')
    return int(p50 > P50_LIMIT or touching > 0 or share_solved < SUCCESS_LIMIT)


if __name__ == '__main__':
    sys.exit(main())
