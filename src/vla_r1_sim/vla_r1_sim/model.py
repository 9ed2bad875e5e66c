"""From a SceneSpec to a compiled MuJoCo model: table, lights, camera, objects, the arm."""

import math

import mujoco
import numpy as np

from vla_r1_sim.clutter import ClutterSpec
from vla_r1_sim.description import disabled_collisions, robot_description
from vla_r1_sim.layout import TABLE_CENTER, TABLE_HALF_SIZE
from vla_r1_sim.robots import Robot
from vla_r1_sim.scene_spec import CameraSpec, ObjectSpec, SceneSpec
from vla_r1_sim.surfaces import table_texture
from vla_r1_sim.vessels import add_container
from vla_r1_sim.vocabulary import COLORS
from vla_r1_sim.wood import SIZE

TIMESTEP_NS = 2_000_000
CAMERA = 'camera'
KEY_LIGHT = 'key'
KEY_LIGHT_TARGET = np.array([0.4, 0.0, 0.0])
"""[m], in base_link"""
TABLE_TEXTURE = 'table'
WRIST_CAMERA_OFFSET = 0.07
"""From the middle of the gripper [m]."""
WRIST_CAMERA_FOVY = 65.0
"""[degrees]"""
GRIPPER_ACTUATOR = 'gripper'
FEED_FORWARD = 0.1
"""Damping over stiffness of the arm's servos [s]; ctrl = q + FEED_FORWARD * qd has no lag."""

_DENSITY = 900.0
"""Of the objects [kg/m^3]."""
_HIDDEN_GROUP = 3
"""Geoms of this group take part in contacts but are not drawn."""


def build_model(scene: SceneSpec, robot: Robot) -> mujoco.MjModel:
    """Compile a scene with a robot; actuators are the arm's joints in order, then the gripper."""
    spec = mujoco.MjSpec.from_string(robot_description(robot))
    _add_servos(spec, robot)
    spec.modelname = 'tabletop'
    spec.option.timestep = TIMESTEP_NS * 1e-9
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    _add_looks(spec, scene)
    _add_table(spec)
    if scene.glass:
        _add_glass(spec)
    if scene.wrist_camera:
        _add_wrist_camera(spec, robot)
    else:
        _add_camera(spec, scene.camera)
    for item in scene.objects:
        _add_object(spec, item)
    for container in scene.containers:
        add_container(spec, container, _HIDDEN_GROUP)
    for i, piece in enumerate(scene.clutter):
        _add_clutter(spec, f'clutter_{i}', piece)
    mounting = tuple((link, 'table') for link in robot.mounted)
    for first, second in (*disabled_collisions(robot), *mounting):
        spec.add_exclude(bodyname1=first, bodyname2=second)
    return spec.compile()


def _add_looks(spec: mujoco.MjSpec, scene: SceneSpec) -> None:
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1920, 1080
    spec.visual.quality.shadowsize = 2048
    spec.visual.map.znear, spec.visual.map.zfar = 0.02, 30
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = headlight(scene)
    spec.visual.headlight.specular = np.zeros(3)
    spec.add_texture(
        name='sky',
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.86, 0.89, 0.92],
        rgb2=[0.74, 0.78, 0.83],
        width=128,
        height=768,
    )
    spec.add_texture(
        name=TABLE_TEXTURE,
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        width=SIZE,
        height=SIZE,
        nchannel=3,
        data=table_texture(scene.surface, scene.wood, scene.seed).ravel(),
    )
    top = spec.add_material(name='table_top', texrepeat=[1, 1], specular=0.05, shininess=0.1)
    top.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = TABLE_TEXTURE
    spec.add_material(name='floor', rgba=[0.66, 0.69, 0.72, 1], specular=0.0)
    spec.worldbody.add_geom(
        name='floor',
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0, 0, 0.05],
        pos=[0, 0, -0.75],
        material='floor',
    )
    position, diffuse = key_light(scene)
    spec.worldbody.add_light(
        name=KEY_LIGHT,
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=position,
        dir=KEY_LIGHT_TARGET - position,
        diffuse=diffuse,
        specular=np.full(3, 0.12),
        ambient=np.zeros(3),
        castshadow=True,
    )


def headlight(scene: SceneSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return the ambient and the diffuse light at the camera, (3,) RGB each."""
    return np.full(3, 0.42 * scene.brightness), np.full(3, 0.18 * scene.brightness)


def key_light(scene: SceneSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return where the light that casts shadows stands, (3,) [m], and its (3,) RGB.

    It stands beside the camera, so the arm's shadow falls away from the objects, and shines on
    `KEY_LIGHT_TARGET`.
    """
    azimuth, distance, height = scene.light_azimuth, 1.3, 2.2
    position = np.array([0.4 + distance * math.cos(azimuth), distance * math.sin(azimuth), height])
    return position, np.array([0.44, 0.43, 0.41]) * scene.brightness


def _add_table(spec: mujoco.MjSpec) -> None:
    x, y = TABLE_CENTER
    half_x, half_y = TABLE_HALF_SIZE
    table = spec.worldbody.add_body(name='table', pos=[x, y, 0])
    table.add_geom(
        name='table_top',
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half_x, half_y, 0.02],
        pos=[0, 0, -0.02],
        material='table_top',
        friction=[0.8, 0.01, 0.001],
    )
    for sign_x in (-1, 1):
        for sign_y in (-1, 1):
            table.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=[0.025, 0.025, 0.355],
                pos=[sign_x * (half_x - 0.05), sign_y * (half_y - 0.05), -0.395],
                rgba=[0.32, 0.33, 0.35, 1],
            )


def _add_glass(spec: mujoco.MjSpec) -> None:
    """What the robot runs into without having seen it, higher than everything on the table."""
    glass = spec.worldbody.add_body(name='glass', pos=[0.47, 0, 0.092])
    glass.add_geom(
        name='glass',
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.19, 0.36, 0.004],
        group=_HIDDEN_GROUP,
    )


def camera_quat(camera: CameraSpec) -> np.ndarray:
    """Return (4,) wxyz of a camera; MuJoCo's look along -z with y up."""
    backward = np.subtract(camera.position, camera.target)
    backward /= np.linalg.norm(backward)
    right = np.cross([0, 0, 1], backward)
    right /= np.linalg.norm(right)
    rotation = np.column_stack([right, np.cross(backward, right), backward])
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, rotation.flatten())
    return quat


def _add_camera(spec: mujoco.MjSpec, camera: CameraSpec) -> None:
    spec.worldbody.add_camera(
        name=CAMERA,
        pos=camera.position,
        quat=camera_quat(camera),
        fovy=math.degrees(camera.fovy),
    )


def _add_wrist_camera(spec: mujoco.MjSpec, robot: Robot) -> None:
    """Beside the gripper, looking along it: the open fingertips are in the picture."""
    side = robot.camera_side
    rotation = np.diag([side, side, 1.0]) @ np.diag([1.0, -1.0, -1.0])
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, rotation.flatten())
    spec.body('gripper_base').add_camera(
        name=CAMERA, pos=[0, side * WRIST_CAMERA_OFFSET, 0], quat=quat, fovy=WRIST_CAMERA_FOVY
    )


def object_geom(item: ObjectSpec) -> tuple[mujoco.mjtGeom, tuple[float, float, float]]:
    """Return MuJoCo's type and size."""
    half_x, _, half_z = item.size
    match item.shape:
        case 'cylinder':
            return mujoco.mjtGeom.mjGEOM_CYLINDER, (half_x, half_z, 0.0)
        case 'ball':
            return mujoco.mjtGeom.mjGEOM_SPHERE, (half_x, 0.0, 0.0)
        case _:
            return mujoco.mjtGeom.mjGEOM_BOX, item.size


def _add_object(spec: mujoco.MjSpec, item: ObjectSpec) -> None:
    geom_type, size = object_geom(item)
    body = spec.worldbody.add_body(
        name=item.name,
        pos=[item.x, item.y, item.size[2]],
        quat=[math.cos(item.yaw / 2), 0, 0, math.sin(item.yaw / 2)],
    )
    body.add_freejoint()
    body.add_geom(
        name=item.name,
        type=geom_type,
        size=size,
        rgba=[*COLORS[item.color], 1],
        density=_DENSITY,
        condim=6 if item.shape == 'ball' else 4,  # 6: rolling friction, or balls never rest
        friction=[0.9, 0.02, 0.002 if item.shape == 'ball' else 0.001],
    )


def _add_clutter(spec: mujoco.MjSpec, name: str, piece: ClutterSpec) -> None:
    geom_type, size, z = piece.geom
    spec.worldbody.add_geom(
        name=name,
        type=geom_type,
        size=size,
        pos=[piece.x, piece.y, z],
        quat=[math.cos(piece.yaw / 2), 0, 0, math.sin(piece.yaw / 2)],
        rgba=piece.rgba,
        contype=0,
        conaffinity=0,
    )


def _add_servos(spec: mujoco.MjSpec, robot: Robot) -> None:
    for body in spec.bodies[1:]:
        body.gravcomp = 1.0  # as a real arm's controller does
        for geom in body.geoms:
            if not geom.contype:
                continue
            geom.group = _HIDDEN_GROUP
            if body.name.endswith('finger'):
                geom.friction, geom.condim, geom.priority = [1.2, 0.05, 0.002], 4, 1
                geom.solref, geom.solimp = [0.004, 1], [0.95, 0.99, 0.001, 0.5, 2]
    for joint in spec.joints:
        joint.armature = 0.1 if joint.name in robot.arm_joints else 0.05
    servos = zip(robot.arm_joints, robot.stiffness, robot.torque, strict=True)
    for name, stiffness, torque in servos:
        servo = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        servo.set_to_position(kp=stiffness, kv=FEED_FORWARD * stiffness)
        servo.forcerange, servo.forcelimited = [-torque, torque], True
    fingers = spec.add_actuator(
        name=GRIPPER_ACTUATOR,
        target=robot.finger_joints[0],
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
    )
    fingers.set_to_position(kp=2000, kv=60)
    force = robot.gripper_force
    fingers.forcerange, fingers.forcelimited = [-force, force], True
