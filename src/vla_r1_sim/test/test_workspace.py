"""Every robot stands so that the same scenes serve: all within reach, and in the camera's view."""

import itertools

import mujoco
import numpy as np
import pytest
from vla_r1_sim.camera import mounting
from vla_r1_sim.description import home_position
from vla_r1_sim.layout import HAND_AXIS, HAND_REACH, WORKSPACE_X, WORKSPACE_Y
from vla_r1_sim.robots import ROBOTS
from vla_r1_sim.scene import make_scene
from vla_r1_sim.world import World

LOW, HIGH = 0.02, 0.22
"""Of the tcp, from a grasp of the lowest object to where objects are lifted and carried [m]."""
JUMP = 0.5
"""A joint that moves farther in a step of 7 mm changes the arm's posture [rad]."""
ARM = slice(0, 6)


@pytest.fixture(scope='module', params=ROBOTS.values(), ids=ROBOTS)
def world(request):
    return World(make_scene(0), request.param)


class Arm:
    """Looks for joint positions that put the tcp somewhere, looking down."""

    def __init__(self, world):
        self.model, self.data = world.model, mujoco.MjData(world.model)
        self.data.qpos[:] = world.data.qpos
        self.home = home_position(world.robot)
        self.low, self.high = self.model.jnt_range[ARM].T
        self.links = {self.model.body(name).id for name in world.robot_bodies}
        self.links.add(self.model.body('table').id)

    def reach(self, position, yaw):
        """Put the tcp there without a collision, opening along yaw [rad]; return whether."""
        rng = np.random.default_rng(0)
        for attempt in range(60):
            start = rng.uniform(self.low, self.high) if attempt else self.home
            if self._solve(start, position, yaw) and not self._collides():
                return True
        return False

    def descend(self, position, height, yaw):
        """Go straight down to `height` [m] from where `reach` led; return whether."""
        x, y, z = position
        for lower in np.linspace(z, height, 30):
            before = self.data.qpos[ARM].copy()
            if not self._solve(before, (x, y, lower), yaw) or self._collides():
                return False
            if np.abs(self.data.qpos[ARM] - before).max() > JUMP:
                return False
        return True

    def _solve(self, start, position, yaw):
        c, s = np.cos(yaw), np.sin(yaw)
        wanted = np.array([[c, s, 0], [s, -c, 0], [0, 0, -1]])
        tcp = self.model.body('tcp').id
        jacobian = np.empty((6, self.model.nv))
        q = self.data.qpos[ARM]
        q[:] = start
        for _ in range(60):
            mujoco.mj_kinematics(self.model, self.data)
            mujoco.mj_comPos(self.model, self.data)
            rotation = self.data.xmat[tcp].reshape(3, 3)
            turn = 0.5 * sum(np.cross(rotation[:, i], wanted[:, i]) for i in range(3))
            error = np.concatenate([position - self.data.xpos[tcp], turn])
            if np.abs(error).max() < 1e-3:
                return bool(rotation[:, 2] @ wanted[:, 2] > 0)
            mujoco.mj_jacBody(self.model, self.data, jacobian[:3], jacobian[3:], tcp)
            j = jacobian[:, ARM]
            step = j.T @ np.linalg.solve(j @ j.T + 1e-3 * np.eye(6), error)
            q[:] = np.clip(q + np.clip(step, -0.4, 0.4), self.low, self.high)
        return False

    def _collides(self):
        mujoco.mj_collision(self.model, self.data)
        pairs = self.model.geom_bodyid[[(c.geom1, c.geom2) for c in self.data.contact]]
        return any(set(pair) <= self.links for pair in pairs)


@pytest.mark.parametrize('yaw', np.radians([0, 45, 90, 135]))
def test_objects_anywhere_can_be_approached_straight_from_above(world, yaw):
    arm = Arm(world)
    for x, y in itertools.product(np.linspace(*WORKSPACE_X, 3), np.linspace(*WORKSPACE_Y, 5)):
        above = (x, y, HIGH)
        # a parallel gripper may as well be turned by half a turn
        ways = (yaw, yaw + np.pi)
        assert any(arm.reach(above, way) and arm.descend(above, LOW, way) for way in ways), above


@pytest.mark.parametrize('yaw', np.radians([0, 45, 90, 135]))
@pytest.mark.parametrize('reach', HAND_REACH)
def test_the_hand_comes_down_as_near_and_as_far_as_objects_are_pushed(world, reach, yaw):
    arm = Arm(world)
    for angle in np.radians([-90, -60, -30, 0, 30, 60, 90]):
        x, y = HAND_AXIS + reach * np.array([np.cos(angle), np.sin(angle)])
        above = (x, y, 0.13)
        ways = (yaw, yaw + np.pi)
        assert any(arm.reach(above, way) and arm.descend(above, LOW, way) for way in ways), above


def test_at_home_the_arm_hides_nothing_of_the_workspace_from_the_camera(world):
    eye = mounting(world.model).translation
    links = [world.model.body(name).id for name in world.robot_bodies]
    margin = 0.06  # objects and containers reach this far beyond their centres [m]
    xs = np.linspace(WORKSPACE_X[0] - margin, WORKSPACE_X[1] + margin, 12)
    ys = np.linspace(WORKSPACE_Y[0] - margin, WORKSPACE_Y[1] + margin, 18)
    geom = np.empty(1, np.int32)
    for x, y, z in itertools.product(xs, ys, (0.0, 0.06)):
        ray = np.array([x, y, z]) - eye
        length = np.linalg.norm(ray)
        hit = mujoco.mj_ray(world.model, world.data, eye, ray / length, None, 1, -1, geom)
        before = 0 <= hit < length - 0.005
        assert not (before and world.model.geom_bodyid[geom[0]] in links), (x, y, z)
