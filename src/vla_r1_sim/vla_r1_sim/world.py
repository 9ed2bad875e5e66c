"""The physics: servo targets in, joint and object states out. Not thread-safe."""

import copy
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from vla_r1_sim.description import home_position
from vla_r1_sim.model import build_model, FEED_FORWARD, GRIPPER_ACTUATOR
from vla_r1_sim.robots import Robot, UR5E
from vla_r1_sim.scene_spec import SceneSpec

_SETTLE_STEPS = 100


@dataclass(frozen=True)
class JointState:
    """Positions [rad or m], velocities [1/s] and efforts [N m or N] of all joints, by name."""

    names: tuple[str, ...]
    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray


@dataclass(frozen=True)
class LinkPose:
    """A robot link in its parent link: `position` (3,) [m], `wxyz` unit quaternion."""

    parent: str
    child: str
    position: np.ndarray
    wxyz: np.ndarray


class World:
    """One scene being simulated. The arm starts at home with an open gripper, objects at rest.

    Attributes:
        scene, robot: what was built.
        model, data: MuJoCo's own.
        robot_bodies: names of the robot's links, parents first.
        start_positions: name of a thing → where it came to rest at first, (3,) [m], in base_link.
    """

    def __init__(self, scene: SceneSpec, robot: Robot = UR5E) -> None:
        self.scene = scene
        self.robot = robot
        self.model = build_model(scene, robot)
        self.data = mujoco.MjData(self.model)
        joints = [self.model.joint(name) for name in robot.joints]
        self._q = np.array([joint.qposadr[0] for joint in joints])
        self._v = np.array([joint.dofadr[0] for joint in joints])
        self._arm = slice(len(robot.arm_joints))
        self._gripper = self.model.actuator(GRIPPER_ACTUATOR).id
        bodies = [self.model.body(i).name for i in range(self.model.nbody)]
        self.robot_bodies = tuple(bodies[bodies.index('base_link') : bodies.index('tcp') + 1])
        self._go_home()
        mujoco.mj_step(self.model, self.data, _SETTLE_STEPS)
        self.start_positions = {o.name: self.object_position(o.name) for o in scene.things}

    def _go_home(self) -> None:
        start = 'look' if self.scene.wrist_camera else 'home'
        home, fingers = np.array(home_position(self.robot, start)), self.robot.finger_open
        self.data.qpos[self._q] = [*home, fingers, fingers]
        self.command_arm(home, np.zeros_like(home))
        self.command_gripper(fingers)
        mujoco.mj_forward(self.model, self.data)

    def step(self) -> None:
        """Advance by one time step of `TIMESTEP_NS`; servo targets stay as commanded last."""
        mujoco.mj_step(self.model, self.data)

    def command_arm(self, position: np.ndarray, velocity: np.ndarray) -> None:
        """Set the servo targets of the arm: (6,) [rad] and (6,) [rad/s]."""
        self.data.ctrl[self._arm] = position + FEED_FORWARD * velocity

    def command_gripper(self, position: float) -> None:
        """Set the servo target of the fingers [m]."""
        self.data.ctrl[self._gripper] = position

    def limit_gripper_force(self, force: float) -> None:
        """Let the fingers press with at most `force` [N]."""
        self.model.actuator_forcerange[self._gripper] = [-force, force]

    def arm_position(self) -> np.ndarray:
        """Return (6,) [rad], in the order of the robot's joints."""
        return np.array(self.data.qpos[self._q[self._arm]])

    def arm_velocity(self) -> np.ndarray:
        """Return (6,) [rad/s]."""
        return np.array(self.data.qvel[self._v[self._arm]])

    def finger_position(self) -> float:
        """Return the left finger's joint position [m], 0 closed."""
        return float(self.data.qpos[self._q[self._arm.stop]])

    def finger_velocity(self) -> float:
        """Return the left finger's joint velocity [m/s]."""
        return float(self.data.qvel[self._v[self._arm.stop]])

    def finger_effort(self) -> float:
        """Return the force of the finger servo [N]."""
        return float(self.data.actuator_force[self._gripper])

    def joint_state(self) -> JointState:
        """Return the state of the arm's joints and both fingers."""
        return JointState(
            names=self.robot.joints,
            position=self.data.qpos[self._q].copy(),
            velocity=self.data.qvel[self._v].copy(),
            effort=self.data.qfrc_actuator[self._v].copy(),
        )

    def link_poses(self) -> list[LinkPose]:
        """Return where every robot link but the root is in its parent."""
        poses = []
        for name in self.robot_bodies[1:]:
            body = self.data.body(name)
            parent = self.data.body(self.model.body(name).parentid[0])
            to_parent, wxyz, position = np.empty(4), np.empty(4), np.empty(3)
            mujoco.mju_negQuat(to_parent, parent.xquat)
            mujoco.mju_mulQuat(wxyz, to_parent, body.xquat)
            mujoco.mju_rotVecQuat(position, body.xpos - parent.xpos, to_parent)
            poses.append(LinkPose(parent.name, name, position, wxyz))
        return poses

    def object_position(self, name: str) -> np.ndarray:
        """Return an object's centre, or that of a container's foot, (3,) [m], in base_link."""
        return np.array(self.data.body(name).xpos)

    def tool_position(self) -> np.ndarray:
        """Return where the middle of the gripper is, (3,) [m], in base_link."""
        return np.array(self.data.body('tcp').xpos)

    def lowest_point(self, name: str) -> float:
        """Return the height of an object's or container's lowest point above the table [m]."""
        geom = self.model.geom(name)
        if geom.type[0] == mujoco.mjtGeom.mjGEOM_MESH:
            return self._lowest_vertex(geom)
        down = np.abs(self.data.geom(name).xmat.reshape(3, 3)[2])  # (3,), row z of the rotation
        match geom.type[0]:
            case mujoco.mjtGeom.mjGEOM_SPHERE:
                extent = geom.size[0]
            case mujoco.mjtGeom.mjGEOM_CYLINDER:
                radius, half_length = geom.size[:2]
                extent = half_length * down[2] + radius * np.sqrt(max(0.0, 1 - down[2] ** 2))
            case _:
                extent = down @ geom.size
        return float(self.object_position(name)[2] - extent)

    def _lowest_vertex(self, geom: Any) -> float:
        mesh = self.model.mesh(geom.dataid[0])
        vertices = self.model.mesh_vert[mesh.vertadr[0] :][: mesh.vertnum[0]]
        seen = self.data.geom(geom.id)
        return float(seen.xpos[2] + (vertices @ seen.xmat.reshape(3, 3)[2]).min())

    def speed(self, name: str) -> float:
        """Return how fast an object's or container's centre moves [m/s]."""
        first = self.model.joint(self.model.body(name).jntadr[0]).dofadr[0]
        return float(np.linalg.norm(self.data.qvel[first : first + 3]))

    def touching(self, name: str) -> frozenset[str]:
        """Return the names of the bodies in contact with an object."""
        body = self.model.body(name).id
        found = set()
        for contact in self.data.contact:
            pair = self.model.geom_bodyid[[contact.geom1, contact.geom2]]
            if body in pair:
                found.add(self.model.body(pair[0] if pair[1] == body else pair[1]).name)
        return frozenset(found)

    def snapshot(self) -> mujoco.MjData:
        """Return a copy of the state, for a renderer in another thread."""
        return copy.copy(self.data)
