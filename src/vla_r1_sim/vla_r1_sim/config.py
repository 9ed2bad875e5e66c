"""The parameters of the sim node."""

from dataclasses import dataclass

from vla_r1_core.config import param

from vla_r1_sim.robots import ROBOTS

FAULTS = (
    'none',
    'camera_info_missing',
    'depth_missing',
    'depth_nan',
    'depth_wrong_size',
    'depth_wrong_encoding',
    'joint_states_missing',
    'camera_tf_missing',
    'camera_tf_old',
    'glass_pane',
)


@dataclass(frozen=True)
class SimConfig:
    """All parameters of the sim node; the scene's take effect with `sim/reset`."""

    robot: str = param('ur5e', 'which arm stands at the table', choices=tuple(ROBOTS))
    seed: int = param(0, 'seed of the scene', ge=0, dynamic=True)
    instruction: str = param(
        '', 'what it names is in the scene, and is what sim/verdict judges', dynamic=True
    )
    absent: bool = param(False, 'leave what the instruction names out of the scene', dynamic=True)
    real_time_factor: float = param(
        1.0, 'simulated time over real time, as far as the machine keeps up', ge=0.05, le=20.0
    )
    camera: str = param(
        'table',
        'table: fixed, before the robot; wrist: on the gripper, which begins high over the table',
        choices=('table', 'wrist'),
    )
    image_width: int = param(640, 'width of image and depth', unit='px', ge=64, le=1920)
    image_height: int = param(480, 'height of image and depth', unit='px', ge=48, le=1080)
    camera_rate: float = param(5.0, 'frames per simulated second', unit='Hz', ge=0.2, le=50.0)
    antialiasing: int = param(
        0, 'samples per pixel; 4 looks better and doubles the time on a CPU', ge=0, le=8
    )
    depth_encoding: str = param(
        '32FC1', '32FC1: m, holes are NaN; 16UC1: mm, holes are 0', choices=('32FC1', '16UC1')
    )
    depth_noise: float = param(0.001, 'standard deviation of depth', unit='m', ge=0.0, le=0.1)
    depth_holes: float = param(
        0.005, 'share of the depth pixels without a measurement', ge=0.0, le=1.0
    )
    fault: str = param(
        'none',
        'what is broken, to test others; camera_tf_* only when set at start, glass_pane with '
        'the next sim/reset',
        choices=FAULTS,
        dynamic=True,
    )
