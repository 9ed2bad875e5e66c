"""Watches the robot before and while it moves, and stops the request when something is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory
from vla_r1_core.errors import GroundingError, MotionError, OutcomeCode

from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.contact import ContactSense
from vla_r1_planner.monitor import farthest, PathMonitor, way
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput
from vla_r1_planner.ticks import every

LOOK_PERIOD_S = 0.04


@dataclass
class _Watch:
    """What is watched during one motion.

    Attributes:
        suspect: what the last look found. Only the second look in a row counts: the messages
            may lie here unread because this process had no CPU.
        felt: of all motions so far, the largest sudden change of an effort, and its joint.
    """

    joints: Sequence[str]
    stop: Stop
    camera: bool
    suspect: OutcomeCode | None = None
    felt: tuple[float, str] = (0.0, '')

    def give_up(self, error: Exception) -> None:
        """Stop: nobody watches any more."""
        self.stop.request(OutcomeCode.UNKNOWN, f'a bug in the guard, see its log: {error!r}')


class Guard:
    """Joint states, camera and path of the motion that runs, if any."""

    def __init__(self, node: Node, config: PlannerConfig, scene: SceneInput) -> None:
        self._node = node
        self._config = config
        self._scene = scene
        self._watch: _Watch | None = None
        self._monitor: PathMonitor | None = None
        self._contact: ContactSense | None = None
        self._told = False  # that no contact can be felt
        scene.on_joints = self._on_joints

    def check_start(self, image: Header, trajectory: JointTrajectory) -> None:
        """Raise unless the plan still fits the world at the moment of motion.

        Raises:
            GroundingError: SCENE_TOO_OLD.
            MotionError: START_MOVED.
        """
        limit_s = self._config.scene_max_age_s
        clock = self._node.get_clock()
        stamp = Time.from_msg(image.stamp, clock_type=clock.clock_type)
        age_s = (clock.now() - stamp).nanoseconds * 1e-9
        if abs(age_s) > limit_s:  # from the future, when the clock has jumped back
            raise GroundingError(
                OutcomeCode.SCENE_TOO_OLD,
                f'the plan is for a picture of {age_s:.1f} s ago (limit {limit_s:g} s) and things '
                'may have moved since; ask again, or raise scene_max_age_s',
            )
        self.check_place(trajectory)

    def check_place(self, trajectory: JointTrajectory) -> None:
        """Raise START_MOVED unless the arm is where a trajectory starts."""
        here = self._scene.joint_positions(trajectory.joint_names)
        joint, gap = farthest(
            trajectory.joint_names, here, np.array(trajectory.points[0].positions)
        )
        if gap > self._config.start_tolerance_rad:
            raise MotionError(
                OutcomeCode.START_MOVED,
                f'{joint} has moved by {gap:.3f} since the motion was planned; ask again',
            )

    @contextmanager
    def moving(self, joints: Sequence[str], stop: Stop, *, camera: bool) -> Iterator[None]:
        """Stop the request when joint states, or if it matters the camera's pictures, cease."""
        watch = _Watch(joints, stop, camera)
        self._watch = watch
        try:
            with every(LOOK_PERIOD_S, self._look, watch.give_up):
                yield
        finally:
            self._watch = None
            self._tell_of(*watch.felt)

    @contextmanager
    def along(self, trajectory: JointTrajectory) -> Iterator[PathMonitor]:
        """Stop the request when the arm leaves a trajectory or runs into something."""
        times = [
            p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in trajectory.points
        ]
        positions = np.array([point.positions for point in trajectory.points])
        monitor = PathMonitor(
            way(trajectory.joint_names, times, positions), self._config.deviation_rad
        )
        contact = self._sense(trajectory.joint_names)
        self._monitor, self._contact = monitor, contact
        try:
            yield monitor
        finally:
            self._monitor, self._contact = None, None
            if self._watch is not None:
                self._watch.felt = max(self._watch.felt, (contact.most, contact.most_joint))

    def _sense(self, joints: Sequence[str]) -> ContactSense:
        """Return a sense of the joints whose limits are known; of none when it is switched off."""
        threshold, chain = self._config.contact_effort, self._scene.chain
        known = () if chain is None or threshold == 0.0 else chain.joints
        limits = {joint.name: joint.effort for joint in known if joint.name in joints}
        return ContactSense(limits, threshold)

    def _tell_of(self, most: float, joint: str) -> None:
        """Say what was felt, for who chooses contact_effort; or once that nothing can be felt."""
        threshold = self._config.contact_effort
        if most > 0.0:
            self._node.get_logger().info(
                f'largest sudden change of an effort: {most:.2f} of the limit of {joint} '
                f'(contact_effort: {threshold:g})'
            )
        elif threshold > 0.0 and not self._told:
            self._told = True
            self._node.get_logger().warning(
                'contact cannot be felt: joint_states hold no efforts, or robot_description '
                'states no limits for them'
            )

    def _on_joints(
        self, stamp_s: float, positions: Mapping[str, float], efforts: Mapping[str, float]
    ) -> None:
        watch, monitor, contact = self._watch, self._monitor, self._contact
        if watch is None or monitor is None or contact is None:
            return
        touched = contact.update(stamp_s, efforts)
        if touched is not None:
            watch.stop.request(
                OutcomeCode.CONTACT,
                f'{touched}: the arm runs into something; take it out of the way, or raise '
                'contact_effort if nothing was touched',
            )
        trouble = monitor.update(stamp_s, positions)
        if trouble is not None:
            watch.stop.request(
                OutcomeCode.DEVIATION,
                f'{trouble}: something may be in the way, or deviation_rad is too small; '
                'look at the robot before asking again',
            )

    def _look(self) -> None:
        watch = self._watch
        if watch is None:
            return
        c = self._config
        joints_s, camera_s = self._scene.joint_age_s(watch.joints), self._scene.depth_age_s()
        lost, message = None, ''
        if joints_s > c.joint_states_lost_s:
            lost = OutcomeCode.JOINT_STATES_LOST
            message = f'no joint_states for {joints_s:.2f} s while moving; check the robot driver'
        elif watch.camera and camera_s > c.camera_lost_s:
            lost = OutcomeCode.CAMERA_LOST
            message = (
                f'no depth image for {camera_s:.2f} s while following a trace; '
                'check the camera driver and the USB cable'
            )
        if lost is not None and lost is watch.suspect:
            watch.stop.request(lost, message)
        watch.suspect = lost
