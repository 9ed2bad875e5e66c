"""The parameters of each command: defined once, for the command line and for YAML."""

from dataclasses import dataclass

from vla_r1_core.config import param


@dataclass(frozen=True)
class EpisodeConfig:
    """How a bag is read. An empty name means: found by itself."""

    image_topic: str = param('', 'colour images; raw or compressed')
    depth_topic: str = param('', 'depth, registered to colour; raw or compressed')
    camera_info_topic: str = param('', 'calibration of the colour camera')
    instruction_topic: str = param('', 'std_msgs/String; empty: any that is called instruction')
    instruction: str = param('', 'of the whole bag, when it holds none')
    fixed_frame: str = param('', 'that everything is placed in, z up; empty: the outermost one')
    tool_frame: str = param('', 'between the finger pads; empty: tcp, tool0 and the like')
    gripper_joint: str = param('', 'in joint_states; empty: by the fingers in TF')
    gripper_closes_up: bool = param(False, 'whether a larger position of gripper_joint is closed')
    image_max_age_s: float = param(
        1.0,
        'of the newest image when an instruction is given that no answer names the image of',
        unit='s',
        ge=0.0,
    )
    depth_slop_s: float = param(
        0.05, 'between image and depth when the equal stamp is missing', unit='s', ge=0.0
    )
    history_s: float = param(
        120.0, 'that a model may think about an image, at most', unit='s', ge=1.0
    )
    max_episode_s: float = param(
        600.0, 'an instruction without an end is cut here', unit='s', ge=1.0
    )
    image_format: str = param(
        'png', 'of images that are not compressed in the bag', choices=('png', 'jpeg')
    )


@dataclass(frozen=True)
class IngestConfig(EpisodeConfig):
    """Bags → dataset."""

    labels: str = param(
        'topic truth hindsight',
        'where true answers come from, with spaces between; the first that knows one counts: '
        'label topics, the simulator, or what the robot did',
    )
    only_verified: bool = param(
        False, 'hindsight: only from motions that were seen to have succeeded'
    )
    depth: bool = param(True, 'whether the dataset holds depth')


@dataclass(frozen=True)
class ExportConfig(EpisodeConfig):
    """Dataset, or bags, → other programs' formats."""

    validation_share: float = param(0.1, 'of the episodes, kept for validation', ge=0.0, le=0.9)
    seed: int = param(0, 'of which episodes these are', ge=0)
    least_reward: float = param(
        0.9, 'sharegpt: a recorded answer that earns less is not taught', ge=0.0, le=1.0
    )
    without_thought: bool = param(
        False, 'sharegpt: also true answers that nobody wrote a thought for'
    )
    fps: int = param(0, 'lerobot: frames per second; 0: as the camera', ge=0, le=240)
    robot: str = param('unknown', "lerobot: the robot's type")
