"""Every parameter of the planner node: default, unit and bounds, defined once."""

from dataclasses import dataclass

from vla_r1_core.config import param

from vla_r1_planner.grasp import Gripper
from vla_r1_planner.grounding import Workspace


@dataclass(frozen=True)
class PlannerConfig:
    """Parameters of the planner node."""

    execute: str = param(
        'confirm',
        'never: plan and publish only; confirm: wait for the service `approve`; auto: move',
        choices=('never', 'confirm', 'auto'),
    )
    approve_timeout_s: float = param(60.0, 'how long to wait for approval', unit='s', ge=0.1)

    camera: str = param(
        '',
        'with which the topics begin, as wrist/depth and wrist/camera_info; empty: depth and '
        "camera_info; must be the reasoner's, or answers are refused as CAMERA_MISMATCH",
        names_topics=True,
        dynamic=True,
    )
    moveit: str = param(
        'move_group',
        'what plans: move_group: one that runs; moveit_py: MoveIt within the planner itself',
        choices=('move_group', 'moveit_py'),
    )
    arm_action: str = param(
        'arm_controller/follow_joint_trajectory',
        "action of the arm's trajectory controller, which moveit_py's plans go to",
    )
    planning_frame: str = param('base_link', 'frame that everything is planned in, z up')
    tip_link: str = param('tcp', 'tool frame between the finger pads: z forward, x opening')
    arm_group: str = param('arm', 'MoveIt planning group of the arm')
    planning_pipeline: str = param('', 'MoveIt pipeline; empty: the default of move_group')
    planner_id: str = param('', 'planner of that pipeline; empty: its default')

    gripper_action: str = param(
        'gripper_controller/gripper_cmd', 'GripperCommand action of the gripper'
    )
    gripper_joint: str = param(
        'left_finger_joint', 'finger joint to plan with; empty: plan with its present position'
    )
    gripper_max_opening_m: float = param(0.09, 'between the pads, fully open', unit='m', ge=0.01)
    gripper_joint_scale: float = param(
        0.5, 'finger joint position per metre of opening', ge=-1000.0, le=1000.0
    )
    gripper_effort: float = param(0.0, 'max_effort of the command; 0: the default', ge=0.0)
    gripper_links: str = param(
        'gripper_base left_finger right_finger', 'that touch what is held, with spaces between'
    )
    gripper_empty_m: float = param(
        0.004, 'an opening below this after closing means nothing was caught', unit='m', ge=0.0
    )
    tip_beyond_tcp_m: float = param(0.015, 'from tip_link to the fingertips', unit='m', ge=0.0)
    palm_behind_tcp_m: float = param(0.065, 'from tip_link back to the palm', unit='m', ge=0.0)
    finger_clearance_m: float = param(
        0.012, 'wanted on each side between an open finger and the object', unit='m', ge=0.0
    )
    min_finger_clearance_m: float = param(
        0.003, 'on each side that must remain, or the object is too wide', unit='m', ge=0.0
    )
    tip_clearance_m: float = param(
        0.004, 'between the fingertips and the surface', unit='m', ge=0.0
    )

    approach_height_m: float = param(
        0.10, 'from the grasp back to where the descent starts', unit='m', ge=0.02
    )
    lift_height_m: float = param(
        0.15, 'straight up after grasping and after letting go', unit='m', ge=0.02
    )
    trace_clearance_m: float = param(
        0.05, 'between the fingertips and the surfaces along a trace', unit='m', ge=0.0
    )
    trace_deviation_m: float = param(
        0.01, 'that the straightened path may leave the trace', unit='m', ge=0.0
    )
    carry_clearance_m: float = param(
        0.03, 'between a carried object and what it passes over', unit='m', ge=0.0
    )
    release_clearance_m: float = param(
        0.005, 'between a carried object and what it is let go over', unit='m', ge=0.0
    )
    push_height: float = param(
        0.3, 'of the fingertips, as a part of the height of what is pushed', ge=0.0, le=1.0
    )
    velocity_scaling: float = param(0.4, 'of the joint velocity limits', ge=0.01, le=1.0)
    acceleration_scaling: float = param(0.4, 'of the joint acceleration limits', ge=0.01, le=1.0)
    straight_scaling: float = param(
        0.2, 'of both limits on straight lines near objects', ge=0.01, le=1.0
    )
    cartesian_step_m: float = param(0.01, 'between checked points of a line', unit='m', ge=0.001)
    min_cartesian_fraction: float = param(
        0.99, 'of a straight line that must be free and reachable', ge=0.1, le=1.0
    )
    position_tolerance_m: float = param(0.001, 'of pose goals', unit='m', ge=0.0001)
    orientation_tolerance_rad: float = param(0.01, 'of pose goals', unit='rad', ge=0.001)

    support_margin_m: float = param(
        0.01, 'the support surface is planned with this much lower', unit='m', ge=0.0
    )
    support_reach_m: float = param(
        0.6, 'half the side of the square that stands for the support surface', unit='m', ge=0.1
    )
    neighbour_radius_m: float = param(
        0.25, 'things this close to the target are kept clear of', unit='m', ge=0.0
    )
    base_radius_m: float = param(
        0.2, 'what is this close to the axis of planning_frame is the robot', unit='m', ge=0.0
    )
    workspace_min_x: float = param(-1.0, 'of the tool in planning_frame', unit='m')
    workspace_max_x: float = param(1.0, 'of the tool in planning_frame', unit='m')
    workspace_min_y: float = param(-1.0, 'of the tool in planning_frame', unit='m')
    workspace_max_y: float = param(1.0, 'of the tool in planning_frame', unit='m')
    workspace_min_z: float = param(-0.1, 'of the tool in planning_frame', unit='m')
    workspace_max_z: float = param(1.0, 'of the tool in planning_frame', unit='m')

    depth_slop_s: float = param(
        0.05, 'between colour and depth stamp when the equal one was lost', unit='s', ge=0.0
    )
    depth_wait_s: float = param(
        1.0, 'for the depth of the image that was reasoned about', unit='s', ge=0.0
    )
    depth_buffer: int = param(60, 'depth images kept for answers by topic', ge=1, le=1000)
    image_max_age_s: float = param(
        30.0, 'between the image that was reasoned about and the plan', unit='s', ge=0.01
    )
    tf_timeout_s: float = param(0.5, 'for transforms at the image stamp', unit='s', ge=0.0)
    joint_state_max_age_s: float = param(
        1.0, 'of the joint states before planning', unit='s', ge=0.01
    )
    scene_max_age_s: float = param(
        60.0, 'between the image that was reasoned about and the motion', unit='s', ge=0.1
    )
    start_tolerance_rad: float = param(
        0.02, 'that a joint may have moved between plan and motion', unit='rad', ge=0.0
    )
    joint_states_lost_s: float = param(
        0.5, 'without joint states stop a motion', unit='s', ge=0.02
    )
    camera_lost_s: float = param(
        2.0, 'without depth images stop a motion along a trace', unit='s', ge=0.05
    )
    deviation_rad: float = param(
        0.05, 'of a joint from its planned path stop a motion', unit='rad', ge=0.001
    )
    contact_effort: float = param(
        0.5,
        "sudden change of a joint's effort that stops a motion, as a part of the joint's limit "
        'in robot_description; 0: off',
        ge=0.0,
    )
    verify_wait_s: float = param(
        2.0, 'for a picture after the motion, to verify it', unit='s', ge=0.0
    )

    reason_timeout_s: float = param(120.0, 'for an answer of the reasoner', unit='s', ge=0.1)
    server_timeout_s: float = param(
        3.0, 'for a server to appear or accept, and for the first camera_info', unit='s', ge=0.1
    )
    planning_time_s: float = param(3.0, 'that move_group may plan for', unit='s', ge=0.1)
    execution_timeout_s: float = param(60.0, 'for one motion', unit='s', ge=1.0)
    gripper_timeout_s: float = param(5.0, 'for the gripper to open or close', unit='s', ge=0.1)


@dataclass(frozen=True)
class WatchdogConfig:
    """Parameters of the watchdog node."""

    arm_action: str = param(
        'arm_controller/follow_joint_trajectory', "action of the arm's trajectory controller"
    )


def gripper_of(config: PlannerConfig) -> Gripper:
    """Return the gripper that the parameters describe."""
    return Gripper(
        max_opening_m=config.gripper_max_opening_m,
        tip_beyond_tcp_m=config.tip_beyond_tcp_m,
        palm_behind_tcp_m=config.palm_behind_tcp_m,
        clearance_m=config.finger_clearance_m,
        min_clearance_m=config.min_finger_clearance_m,
        tip_clearance_m=config.tip_clearance_m,
    )


def workspace_of(config: PlannerConfig) -> Workspace:
    """Return the workspace that the parameters describe."""
    return Workspace(
        (config.workspace_min_x, config.workspace_min_y, config.workspace_min_z),
        (config.workspace_max_x, config.workspace_max_y, config.workspace_max_z),
    )
