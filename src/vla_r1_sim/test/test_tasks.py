"""The truth: a scripted grasp lifts, and the checks say so; without a grasp they do not."""

import math

import mujoco
import numpy as np
import pytest
from vla_r1_sim.controllers import Ending, Tolerances
from vla_r1_sim.scene import make_scene
from vla_r1_sim.simulation import Simulation
from vla_r1_sim.spline import Waypoint
from vla_r1_sim.tasks import at_goal, lifted, targets, touched, verdict
from vla_r1_sim.world import FINGER_OPEN

TOLERANCES = Tolerances(path=np.full(6, 0.2), goal=np.full(6, 0.02), settle_time=0.5)
ARM = slice(0, 6)


def inverse_kinematics(model, q, position, yaw):
    """Return the arm joints that put the tcp at `position`, pointing down, opening along yaw."""
    data = mujoco.MjData(model)
    c, s = math.cos(yaw), math.sin(yaw)
    wanted = np.array([[c, s, 0], [s, -c, 0], [0, 0, -1]])
    data.qpos[ARM] = q
    tcp = model.body('tcp').id
    jacobian = np.empty((6, model.nv))
    for _ in range(100):
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        rotation = data.xmat[tcp].reshape(3, 3)
        turn = 0.5 * sum(np.cross(rotation[:, i], wanted[:, i]) for i in range(3))
        error = np.concatenate([position - data.xpos[tcp], turn])
        if np.abs(error).max() < 1e-4:
            return data.qpos[ARM].copy()
        mujoco.mj_jacBody(model, data, jacobian[:3], jacobian[3:], tcp)
        j = jacobian[:, ARM]
        data.qpos[ARM] += np.clip(
            j.T @ np.linalg.solve(j @ j.T + 1e-4 * np.eye(6), error), -0.2, 0.2
        )
    raise AssertionError(f'no solution for {position}')


class Hand:
    """Moves the tcp of a simulation from place to place."""

    def __init__(self, sim):
        self.sim = sim

    def move(self, position, yaw, duration=1.0):
        arm, model = self.sim.arm, self.sim.world.model
        q = inverse_kinematics(model, arm.desired, np.asarray(position), yaw)
        arm.follow([Waypoint(duration, q, np.zeros(6))], TOLERANCES)
        while arm.ending is None:
            self.sim.step(5)
        assert arm.ending is Ending.REACHED

    def grip(self, position):
        gripper = self.sim.gripper
        gripper.move(position, 40.0)
        while gripper.ending is None:
            self.sim.step(5)
        return gripper.ending


def grasp_yaw(item):
    """Return the opening direction across the narrow side, as near to home's as can be."""
    return item.yaw % math.pi - math.pi


def pick(sim, name, *, close=True, height=0.15):
    item = next(item for item in sim.world.scene.objects if item.name == name)
    hand, yaw = Hand(sim), grasp_yaw(item)
    x, y, z = sim.world.object_position(name)
    grasp_z = max(0.02, z)
    hand.move((x, y, z + 0.15), yaw, 1.5)
    hand.move((x, y, grasp_z), yaw)
    ending = hand.grip(0.0) if close else None
    hand.move((x, y, grasp_z + height), yaw)
    sim.step(250)
    return ending


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('name', ['red cube', 'blue cylinder', 'yellow ball', 'purple box'])
def test_a_grasped_object_is_lifted(name, seed):
    sim = Simulation(make_scene(seed, f'pick up the {name}'))
    target = name.replace(' ', '_')
    assert targets(sim.world.scene) == (target,)
    assert not verdict(sim.world).success
    assert pick(sim, target) is Ending.STALLED  # the object stops the fingers
    assert sim.world.lowest_point(target) > 0.1
    assert lifted(sim.world, target)
    result = verdict(sim.world)
    assert result.success, result.message
    assert touched(sim.world, but=(target,)) == ()


def test_an_open_hand_lifts_nothing():
    sim = Simulation(make_scene(0, 'pick up the red cube'))
    pick(sim, 'red_cube', close=False)
    assert not lifted(sim.world, 'red_cube')
    assert not verdict(sim.world).success


def test_an_object_held_on_the_table_is_not_lifted():
    sim = Simulation(make_scene(0, 'pick up the red cube'))
    pick(sim, 'red_cube', height=0.03)
    assert sim.world.touching('red_cube') >= {'left_finger', 'right_finger'}
    assert not lifted(sim.world, 'red_cube')


def test_a_dropped_object_is_not_lifted():
    sim = Simulation(make_scene(0, 'pick up the red cube'))
    pick(sim, 'red_cube')
    assert lifted(sim.world, 'red_cube')
    Hand(sim).grip(FINGER_OPEN)
    assert not lifted(sim.world, 'red_cube')


def test_a_stopped_arm_keeps_what_it_holds():
    sim = Simulation(make_scene(0, 'pick up the red cube'))
    pick(sim, 'red_cube')
    target = sim.arm.desired + np.array([0.6, 0, 0, 0, 0, 0.5])
    sim.arm.follow([Waypoint(0.8, target, np.zeros(6))], TOLERANCES)
    sim.step(200)
    sim.arm.stop()
    sim.step(500)
    assert sim.arm.at_rest
    assert lifted(sim.world, 'red_cube')


def test_touched_names_the_moved_objects_only():
    sim = Simulation(make_scene(0, 'pick up the red cube'))
    world = sim.world
    assert touched(world) == ()
    joint = world.model.body('red_cube').jntadr[0]
    world.data.qpos[world.model.jnt_qposadr[joint]] += 0.02
    mujoco.mj_forward(world.model, world.data)
    assert touched(world) == ('red_cube',)
    assert touched(world, but=('red_cube',)) == ()


def test_at_goal_measures_on_the_table_plane():
    world = Simulation(make_scene(0, 'pick up the red cube')).world
    x, y, _ = world.object_position('red_cube')
    assert at_goal(world, 'red_cube', (x + 0.01, y), 0.02)
    assert not at_goal(world, 'red_cube', (x + 0.03, y), 0.02)


def test_verdict_says_when_nothing_is_named():
    world = Simulation(make_scene(0, 'pick up the banana')).world
    result = verdict(world)
    assert not result.success
    assert 'banana' in result.message
