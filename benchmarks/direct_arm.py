"""The simulated arm without ROS between it and its planner: the same code, called directly.

Plans with the planning of our move_group, and moves the physics with the simulator's own
controllers, as fast as the machine can.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import time

from cell import Plan
from moveit_msgs.msg import MoveItErrorCodes
from moveit_ros_move_group import cartesian, planning
from moveit_ros_move_group.convert_scene import initial_world
from moveit_ros_move_group.errors import MoveItError
from moveit_ros_move_group.ik import PoseGoal
from moveit_ros_move_group.robot import parse_robot
from moveit_ros_move_group.scene_monitor import SceneMonitor
from moveit_ros_move_group.timing import Scaling, Trajectory
from moveit_ros_move_group.world import AttachedObject, CollisionObject, Shape
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.convert import moveit_failure, upright
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.motion import Held, Segment
from vla_r1_sim.controllers import Ending, Tolerances
from vla_r1_sim.controllers_node import GOAL_TOLERANCE, PATH_TOLERANCE, SETTLE_TIME
from vla_r1_sim.description import (
    config_directory,
    robot_description,
    robot_description_semantic,
)
from vla_r1_sim.robots import Robot
from vla_r1_sim.simulation import Simulation
from vla_r1_sim.spline import Waypoint
import yaml

Array = NDArray[np.float64]

CLEARANCE_M = 0.005  # move_group's default
HELD = 'held'
STEPS = 10  # of the physics between two looks at a controller


@dataclass(frozen=True)
class End:
    """Where a segment ends: all joints' positions [rad or m], and how many went before it."""

    positions: Mapping[str, float]
    number: int


class DirectArm:
    """`motion.Arm` for one scene of the simulator.

    Attributes:
        stages: what the segments of the present task are for, in the order of travel.
        plans: all that were made.
        began_s: [s, steady] when it first moved; None: it stood.
        moving_ns: [ns] of simulated time in motion.
    """

    def __init__(self, simulation: Simulation, monitor: SceneMonitor, config: PlannerConfig):
        self._simulation = simulation
        self._monitor = monitor
        self._config = config
        self._robot = monitor.kinematics.robot
        self._group = self._robot.group(config.arm_group)
        self._attached: AttachedObject | None = None
        self.stages: tuple[str, ...] = ()
        self.plans: list[Plan] = []
        self.began_s: float | None = None
        self.moving_ns = 0

    def set_scene(self, cuboids: Mapping[str, Footprint]) -> None:
        """See motion.Arm."""
        world = initial_world(self._robot)
        for name, cuboid in cuboids.items():
            middle = np.array([*cuboid.centre, (cuboid.top + cuboid.bottom) / 2])
            size = (cuboid.short, cuboid.long, cuboid.top - cuboid.bottom)
            world = world.with_object(
                CollisionObject(name, upright(middle, cuboid.yaw), (_box(size),))
            )
        self._monitor.world = (
            world if self._attached is None else world.with_attached(self._attached)
        )

    def plan_pose(self, T_base_tcp: Array, *, opening_m: float | None = None) -> Segment:
        """See motion.Arm."""
        c = self._config
        start = self._positions()
        if opening_m is not None:
            start[c.gripper_joint] = opening_m * c.gripper_joint_scale
        goal = PoseGoal(
            c.tip_link,
            T_base_tcp[:3, 3],
            np.zeros(3),
            T_base_tcp[:3, :3],
            np.full(3, c.orientation_tolerance_rad),
            c.position_tolerance_m,
        )
        with self._timed(0):
            exact = self._monitor.exact(self._monitor.world)
            padded = self._monitor.padded(self._monitor.world)
            request = planning.Request(
                group=self._group,
                start=exact.configuration(start),
                goals=(goal,),
                scaling=Scaling(c.velocity_scaling, c.acceleration_scaling),
                seconds=c.planning_time_s,
                attempts=1,
            )
            try:
                found = planning.plan(exact, padded, request, seed=1, cancelled=lambda: False)
            except MoveItError as error:
                raise _failure(error) from error
        return self._segment(start, found, 0)

    def plan_line(self, tool_poses: Array, start: Segment, held: Held | None = None) -> Segment:
        """See motion.Arm."""
        c, begin, world = self._config, start.end, self._monitor.world
        number = begin.number + 1
        if held is not None:
            world = world.with_attached(self._body(held))
        with self._timed(number):
            scene = self._monitor.exact(world)
            found = cartesian.follow(
                scene,
                cartesian.CartesianRequest(
                    group=self._group,
                    link=c.tip_link,
                    start=scene.configuration(begin.positions),
                    waypoints=tuple(tool_poses[1:]),
                    max_step=c.cartesian_step_m,
                    max_jump=0.0,
                    jump_factor=0.0,
                    avoid_collisions=True,
                    scaling=Scaling(c.straight_scaling, c.straight_scaling),
                ),
            )
            if found.fraction < c.min_cartesian_fraction:
                raise MotionError(
                    OutcomeCode.CARTESIAN_INCOMPLETE,
                    f'only {found.fraction:.0%} of the straight path is free and reachable: '
                    f'stopped by {found.stopped_by}',
                )
        return self._segment(begin.positions, found.trajectory, number)

    def execute(self, segment: Segment) -> None:
        """See motion.Arm."""
        way: Trajectory = segment.trajectory
        if len(way.times) < 2:
            return
        points = zip(way.times, way.positions, way.velocities, way.accelerations, strict=True)
        limits = Tolerances(
            np.full(len(way.joints), PATH_TOLERANCE),
            np.full(len(way.joints), GOAL_TOLERANCE),
            SETTLE_TIME,
        )
        arm = self._simulation.arm
        arm.follow([Waypoint(float(t), q, v, a) for t, q, v, a in points], limits)
        while arm.ending is None:
            self._step()
        if arm.ending is not Ending.REACHED:
            raise MotionError(
                OutcomeCode.EXECUTION_FAILED, f'the arm {arm.ending.value}; look for contact'
            )

    def move_gripper(self, opening_m: float) -> float:
        """See motion.Arm."""
        scale, gripper = self._config.gripper_joint_scale, self._simulation.gripper
        gripper.move(opening_m * scale, self._simulation.world.robot.gripper_force)
        while gripper.ending is None:
            self._step()
        return self._simulation.world.finger_position() / scale

    def hold(self, held: Held) -> None:
        """See motion.Arm."""
        self._attached = self._body(held)
        self._monitor.world = self._monitor.world.with_attached(self._attached)

    def let_go(self) -> None:
        """See motion.Arm."""
        if self._attached is None:
            return
        scene = self._monitor.kinematics
        tool = scene.link_pose(scene.configuration(self._positions()), self._config.tip_link)
        self._monitor.world = self._monitor.world.detached(HELD, tool)
        self._attached = None

    def gripper_opening(self) -> float | None:
        """See motion.Arm."""
        return self._simulation.world.finger_position() / self._config.gripper_joint_scale

    def tool_pose(self) -> Array:
        """Return T_base_tcp (4, 4) of now."""
        pose = np.eye(4)
        body = self._simulation.world.data.body(self._config.tip_link)
        pose[:3, :3], pose[:3, 3] = body.xmat.reshape(3, 3), body.xpos
        return pose

    @contextmanager
    def _timed(self, number: int) -> Iterator[None]:
        """Note how long the plan of a segment takes, and whether it succeeds."""
        begun, found = time.monotonic(), False
        try:
            yield
            found = True
        finally:
            self.plans.append(Plan(self.stages[number], time.monotonic() - begun, found))

    def _step(self) -> None:
        if self.began_s is None:
            self.began_s = time.monotonic()
        before = self._simulation.time_ns
        self._simulation.step(STEPS)
        self.moving_ns += self._simulation.time_ns - before

    def _positions(self) -> dict[str, float]:
        state = self._simulation.world.joint_state()
        return dict(zip(state.names, map(float, state.position), strict=True))

    def _body(self, held: Held) -> AttachedObject:
        touch = frozenset(self._config.gripper_links.split())
        box = _box(tuple(held.size))
        return AttachedObject(HELD, held.T_tcp_object, (box,), self._config.tip_link, touch)

    def _segment(self, start: Mapping[str, float], way: Trajectory, number: int) -> Segment:
        scene = self._monitor.kinematics
        base = scene.configuration(start)
        index = scene.indices(way.joints)
        poses = []
        for positions in way.positions:
            base[index] = positions
            poses.append(scene.link_pose(base, self._config.tip_link))
        end = {**start, **dict(zip(way.joints, map(float, way.positions[-1]), strict=True))}
        return Segment(np.array(poses), End(end, number), way, self.plans[-1].seconds)


def planning_scene(robot: Robot) -> SceneMonitor:
    """Return the empty planning scene of a robot, with the limits of its MoveIt files."""
    text = (config_directory(robot) / 'joint_limits.yaml').read_text()
    limits = yaml.safe_load(text)['/**']['ros__parameters']['robot_description_planning']
    joints = limits['joint_limits']
    parsed = parse_robot(
        robot_description(robot),
        robot_description_semantic(robot),
        {name: limit['max_acceleration'] for name, limit in joints.items()},
        {name: limit['max_velocity'] for name, limit in joints.items()},
    )
    return SceneMonitor(parsed, initial_world(parsed), clearance=CLEARANCE_M)


def _box(size: tuple[float, ...]) -> Shape:
    return Shape('box', tuple(max(0.001, float(side)) for side in size), np.eye(4))


def _failure(error: MoveItError) -> MotionError:
    failure = moveit_failure(MoveItErrorCodes(val=int(error.code), message=error.message))
    assert failure is not None
    return MotionError(*failure)
