"""Verdicts: a scripted motion does what is asked, and the checks say so; else they do not."""

import math

import mujoco
import numpy as np
import pytest
from vla_r1_sim.containers import VESSELS
from vla_r1_sim.controllers import Ending, Tolerances
from vla_r1_sim.reference import target
from vla_r1_sim.scene import make_scene
from vla_r1_sim.simulation import Simulation
from vla_r1_sim.spline import Waypoint
from vla_r1_sim.verdicts import inside, lifted, touched, verdict
from vla_r1_sim.view import View

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
    name = name.replace(' ', '_')
    assert target(sim.world.scene) == name
    assert not verdict(sim.world).success
    assert pick(sim, name) is Ending.STALLED  # the object stops the fingers
    assert sim.world.lowest_point(name) > 0.1
    assert lifted(sim.world, name)
    result = verdict(sim.world)
    assert result.success, result.message
    assert touched(sim.world, but=(name,)) == ()


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
    Hand(sim).grip(sim.world.robot.finger_open)
    assert not lifted(sim.world, 'red_cube')


def test_a_stopped_arm_keeps_what_it_holds():
    sim = Simulation(make_scene(0, 'pick up the red cube'))
    pick(sim, 'red_cube')
    goal = sim.arm.desired + np.array([0.6, 0, 0, 0, 0, 0.5])
    sim.arm.follow([Waypoint(0.8, goal, np.zeros(6))], TOLERANCES)
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


def put_into(sim, name, container):
    """Carry a held object over a container, lower it and let go."""
    hand, yaw = Hand(sim), grasp_yaw(next(o for o in sim.world.scene.objects if o.name == name))
    x, y, _ = sim.world.object_position(container)
    hand.move((x, y, 0.20), yaw, 2.0)
    hand.move((x, y, 0.10), yaw)
    return hand


@pytest.mark.parametrize('name', ['red cube', 'blue cylinder', 'yellow ball', 'purple box'])
@pytest.mark.parametrize('container', ['bowl', 'tray'])
def test_an_object_let_go_over_a_container_is_placed(name, container):
    sim = Simulation(make_scene(1, f'put the {name} in the {container}'))
    name = name.replace(' ', '_')
    pick(sim, name)
    hand = put_into(sim, name, container)
    assert not verdict(sim.world).success  # held over it is not in it
    hand.grip(sim.world.robot.finger_open)
    sim.step(1000)
    result = verdict(sim.world)
    assert result.success, result.message
    assert result.message.endswith('others moved: none')


def test_an_object_that_is_still_held_is_not_placed():
    sim = Simulation(make_scene(1, 'put the red cube in the tray'))
    pick(sim, 'red_cube')
    hand = put_into(sim, 'red_cube', 'tray')
    x, y, _ = sim.world.object_position('tray')
    cube = next(o for o in sim.world.scene.objects if o.name == 'red_cube')
    floor = VESSELS['tray'].wall
    hand.move((x, y, floor + max(0.02, cube.size[2]) - 0.002), grasp_yaw(cube))  # pressed on it
    sim.step(250)
    assert inside(sim.world, 'red_cube', 'tray')
    result = verdict(sim.world)
    assert not result.success
    assert '2 of 2 fingers' in result.message


def set_at(world, name, x, y, z):
    """Put an object somewhere, in the air if need be."""
    address = world.model.jnt_qposadr[world.model.body(name).jntadr[0]]
    world.data.qpos[address : address + 3] = x, y, z
    mujoco.mj_forward(world.model, world.data)


def put_at(world, name, x, y, z):
    """Put an object somewhere and let it come to rest."""
    set_at(world, name, x, y, z)
    mujoco.mj_step(world.model, world.data, 750)


def test_in_the_air_over_the_floor_or_at_the_wall_outside_is_not_inside():
    world = Simulation(make_scene(0, 'put the red cube in the bowl')).world
    x, y, _ = world.object_position('bowl')
    set_at(world, 'red_cube', x, y, 0.045)  # lower than the rim, but falling
    assert not inside(world, 'red_cube', 'bowl')
    set_at(world, 'red_cube', x + 0.08, y, 0.04)  # against the wall, off the table
    assert world.touching('red_cube') == {'bowl'}
    assert not inside(world, 'red_cube', 'bowl')


def test_an_object_beside_a_container_is_not_placed():
    world = Simulation(make_scene(0, 'put the red cube in the bowl')).world
    x, y, _ = world.object_position('bowl')
    assert not verdict(world).success
    put_at(world, 'red_cube', x + 0.10, y, 0.03)
    assert not inside(world, 'red_cube', 'bowl')
    put_at(world, 'red_cube', x, y, 0.05)
    assert inside(world, 'red_cube', 'bowl')
    assert verdict(world).success, verdict(world).message


def test_an_object_in_the_other_container_is_not_placed():
    words = 'put the object nearest to the tray in the bowl'
    world = Simulation(make_scene(0, words)).world
    name = target(world.scene)
    x, y, _ = world.object_position('tray')
    put_at(world, name, x, y, 0.05)
    assert inside(world, name, 'tray')
    assert not verdict(world).success


def test_a_container_that_was_shoved_spoils_the_placing():
    world = Simulation(make_scene(0, 'put the red cube in the tray')).world
    x, y, z = world.object_position('tray')
    put_at(world, 'tray', x - 0.03, y, z)
    put_at(world, 'red_cube', x - 0.03, y, 0.05)
    assert inside(world, 'red_cube', 'tray')
    result = verdict(world)
    assert not result.success
    assert 'the tray moved 30 mm' in result.message
    assert touched(world, but=('red_cube',)) == ('tray',)


def test_the_tool_above_the_object_has_reached_it():
    sim = Simulation(make_scene(0, 'reach the red cube'))
    x, y, z = sim.world.object_position('red_cube')
    assert not verdict(sim.world).success
    Hand(sim).move((x + 0.03, y, z + 0.10), 0.0, 2.0)
    result = verdict(sim.world)
    assert result.success, result.message
    Hand(sim).move((x + 0.09, y, z + 0.10), 0.0)
    assert not verdict(sim.world).success


def test_something_moved_spoils_the_reach():
    sim = Simulation(make_scene(0, 'reach the red cube'))
    x, y, z = sim.world.object_position('red_cube')
    Hand(sim).move((x, y, z + 0.10), 0.0, 2.0)
    put_at(sim.world, 'red_cube', x + 0.02, y, z)
    result = verdict(sim.world)
    assert not result.success
    assert result.message.endswith('others moved: red_cube')


@pytest.mark.parametrize(
    ('way', 'turn', 'length', 'success'),
    [
        ('left', 0, 0.06, True),
        ('right', 0, 0.06, True),
        ('away', 0, 0.06, True),
        ('closer', 0, 0.06, True),
        ('left', 20, 0.06, True),
        ('left', 45, 0.06, False),
        ('left', 180, 0.06, False),
        ('left', 0, 0.03, False),
    ],
)
def test_pushed_is_far_enough_and_the_way_that_the_camera_sees(way, turn, length, success):
    world = Simulation(make_scene(0, f'push the red cube {way}')).world
    x, y, z = world.object_position('red_cube')
    step = {'left': (-1, 0), 'right': (1, 0), 'away': (0, -1), 'closer': (0, 1)}[way]
    turned = np.array([[np.cos(t := np.radians(turn)), -np.sin(t)], [np.sin(t), np.cos(t)]]) @ step
    dx, dy = length * View(world.scene.camera).table_direction((x, y, z), turned)
    put_at(world, 'red_cube', x + dx, y + dy, z)
    assert verdict(world).success is success, verdict(world).message


def test_a_push_that_moves_another_object_or_lifts_is_none():
    scene = make_scene(0, 'push the red cube left')
    world = Simulation(scene).world
    x, y, z = world.object_position('red_cube')
    set_at(world, 'red_cube', x, y - 0.12, z + 0.02)  # in the air
    assert not verdict(world).success
    set_at(world, 'red_cube', x, y - 0.12, z)
    assert verdict(world).success, verdict(world).message
    put_at(world, 'red_cube', x, y - 0.06, z)
    assert verdict(world).success, verdict(world).message
    other = next(o for o in scene.objects if o.name != 'red_cube')
    put_at(world, other.name, other.x + 0.02, other.y, other.size[2])
    result = verdict(world)
    assert not result.success
    assert result.message.endswith(f'others moved: {other.name}')


def test_verdict_says_when_nothing_is_named():
    world = Simulation(make_scene(0, 'pick up the banana')).world
    result = verdict(world)
    assert not result.success
    assert 'banana' in result.message
