"""The UR5e among boxes in MuJoCo, which shares no code with the planner that it checks."""

import mujoco
import numpy as np

JOINTS = (
    'shoulder_pan_joint',
    'shoulder_lift_joint',
    'elbow_joint',
    'wrist_1_joint',
    'wrist_2_joint',
    'wrist_3_joint',
)
FINGER_OPENING = 0.03  # [m] of one finger
ON_TABLE = ('base_link_inertia', 'shoulder_link')


class Checker:
    """The robot among boxes in MuJoCo: contacts, and where the tool is."""

    def __init__(self, urdf: str, disabled: list[tuple[str, str]], boxes: list) -> None:
        world = mujoco.MjSpec.from_string(urdf)
        for name, position, size in boxes:
            body = world.worldbody.add_body(name=name, pos=position)
            half = [side / 2 for side in size]
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=half)
        for a, b in [*disabled, *(('table', link) for link in ON_TABLE)]:
            world.add_exclude(bodyname1=a, bodyname2=b)
        self.model = world.compile()
        self.data = mujoco.MjData(self.model)
        self.arm = [self.model.joint(name).qposadr[0] for name in JOINTS]
        for side in ('left', 'right'):
            finger = self.model.joint(f'{side}_finger_joint').qposadr[0]
            self.data.qpos[finger] = FINGER_OPENING

    def depth(self, q: np.ndarray) -> float:
        """Return the deepest penetration [m] at `q` (6,) [rad]; 0 when nothing touches."""
        self.data.qpos[self.arm] = q
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_collision(self.model, self.data)
        return -min((c.dist for c in self.data.contact[: self.data.ncon]), default=0.0)

    def touches(self, q: np.ndarray) -> bool:
        """Say whether anything touches at `q` (6,) [rad]."""
        self.depth(q)
        return self.data.ncon > 0

    def tool(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return position (3,) [m] and quaternion (w, x, y, z) of `tcp` in base_link."""
        self.data.qpos[self.arm] = q
        mujoco.mj_kinematics(self.model, self.data)
        return self.data.body('tcp').xpos.copy(), self.data.body('tcp').xquat.copy()


def worst_depth(checker: Checker, trajectory) -> float:
    """Return the deepest penetration [m] along a trajectory, looked at every 2 ms."""
    stamps = [p.time_from_start for p in trajectory.points]
    times = np.array([t.sec + t.nanosec * 1e-9 for t in stamps])
    positions = np.array([p.positions for p in trajectory.points])
    dense = np.append(np.arange(0.0, times[-1], 0.002), times[-1])
    q = np.stack([np.interp(dense, times, column) for column in positions.T], axis=1)
    return max(checker.depth(configuration) for configuration in q)
