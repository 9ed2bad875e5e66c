"""The arms that can stand at the table: what is not in their description files."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Robot:
    """A six-joint arm with a parallel gripper.

    Its files are `urdf/<name>.urdf.xacro` and those in `config/<name>/`. Whatever its joints are
    called, its root link is `base_link`, its tool frame `tcp`, its gripper `gripper_base` with the
    fingers `left_finger` and `right_finger`, and its planning groups `arm` and `gripper`.

    Attributes:
        name: also the value of the parameter `robot`.
        arm_joints: (6), from the base to the tool.
        finger_joints: the left one, which is driven, and the right one, which follows it.
        finger_open: position of a finger joint when the gripper is open [m]; the opening is
            twice that.
        stiffness: of the arm's servos, by joint [N m/rad].
        torque: at most, by joint, as in the URDF [N m].
        gripper_force: at most, as in the URDF [N].
        max_acceleration: the deceleration of a stop, as in joint_limits.yaml [rad/s^2].
        finger_speed: as in joint_limits.yaml [m/s].
        mounted: the links that touch the table where the robot is screwed to it.
        camera_side: where the wrist camera sits, by the sign of the tool's y; the picture's y
            points there too.
    """

    name: str
    arm_joints: tuple[str, ...]
    finger_joints: tuple[str, str]
    finger_open: float
    stiffness: tuple[float, ...]
    torque: tuple[float, ...]
    gripper_force: float
    max_acceleration: float
    finger_speed: float
    mounted: tuple[str, ...]
    camera_side: int

    @property
    def joints(self) -> tuple[str, ...]:
        """All joints that move: the arm's, then the fingers'."""
        return self.arm_joints + self.finger_joints


UR5E = Robot(
    name='ur5e',
    arm_joints=(
        'shoulder_pan_joint',
        'shoulder_lift_joint',
        'elbow_joint',
        'wrist_1_joint',
        'wrist_2_joint',
        'wrist_3_joint',
    ),
    finger_joints=('left_finger_joint', 'right_finger_joint'),
    finger_open=0.045,
    stiffness=(2000, 2000, 2000, 500, 500, 500),
    torque=(150, 150, 150, 28, 28, 28),
    gripper_force=40.0,
    max_acceleration=8.0,
    finger_speed=0.1,
    mounted=('base_link_inertia', 'shoulder_link'),
    camera_side=-1,
)

PIPER = Robot(
    name='piper',
    arm_joints=('joint1', 'joint2', 'joint3', 'joint4', 'joint5', 'joint6'),
    finger_joints=('joint7', 'joint8'),
    finger_open=0.035,
    stiffness=(1500, 1500, 1500, 400, 400, 400),
    torque=(40, 40, 40, 15, 15, 15),
    gripper_force=40.0,
    max_acceleration=9.0,
    finger_speed=0.1,
    mounted=('stand',),
    camera_side=1,
)

ROBOTS = {robot.name: robot for robot in (UR5E, PIPER)}
