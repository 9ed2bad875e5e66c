"""Everything at once: reasoner, planner, and in simulation the robot, its camera and MoveIt.

In simulation:   ros2 launch vla_r1 bringup.launch.py sim:=true instruction:="pick up the red cube"
On a real robot: ros2 launch vla_r1 bringup.launch.py     (camera and MoveIt already run)
"""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.events import matches_action
from launch.substitutions import Command
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

SHARE = Path(get_package_share_directory('vla_r1'))
# Where Fast DDS 2, as in Jazzy, and Fast DDS 3 look for their profiles.
DDS_PROFILES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
BOOL = ('true', 'false')

# name: (default, what it is for, allowed values)
ARGUMENTS = {
    'sim': ('false', 'start the simulated table, arm and camera, and MoveIt for them', BOOL),
    'robot': (
        '',
        'the simulated arm, and what the planner must know of it; empty: ur5e in simulation, '
        'on a real robot only what params_file says',
        ('', 'ur5e', 'piper'),
    ),
    'seed': ('0', 'which simulated scene', None),
    'scene': ('', 'the simulated scene holds what this names; empty: as instruction', None),
    'camera': (
        '',
        "the camera's name, one of several; in simulation where it is: table or wrist; "
        'empty: as in params_file',
        None,
    ),
    'real_time_factor': ('1.0', 'speed of the simulated time', None),
    'backend': (
        '',
        'model backend: scripted, transformers, or openai: a server; empty: as in params_file',
        ('', 'scripted', 'transformers', 'openai'),
    ),
    'model': ('', 'transformers: local model folder; openai: name on the server', None),
    'profile': ('', 'family of the model, or a YAML file; empty: as in params_file', None),
    'moveit': (
        '',
        'what plans: move_group, or moveit_py: MoveIt within the planner itself; '
        'empty: as in params_file',
        ('', 'move_group', 'moveit_py'),
    ),
    'instruction': ('', 'carry this out once everything is up', None),
    'execute': (
        '',
        'never: plan only; confirm: move after a call of `approve`; auto: move at once; '
        'empty: confirm on a real robot, auto in simulation',
        ('', 'never', 'confirm', 'auto'),
    ),
    'record': ('', 'write an MCAP bag of all inputs and outputs to this new folder', None),
    'rviz': ('false', 'open RViz with robot, overlay, markers and path', BOOL),
    'params_file': (str(SHARE / 'config' / 'vla_r1.yaml'), 'parameters of all nodes', None),
    'image_topic': (
        '/camera/{camera}/color/image_raw',
        "colour image; {camera}: the camera's name, or camera if that is empty",
        None,
    ),
    'depth_topic': (
        '/camera/{camera}/aligned_depth_to_color/image_raw',
        'depth registered to the colour image',
        None,
    ),
    'camera_info_topic': ('/camera/{camera}/color/camera_info', "the colour camera's model", None),
    'namespace': ('', 'namespace of all nodes', None),
}

CAMERA = ('image', 'depth', 'camera_info')
SIM_CAMERAS = ('', 'table', 'wrist')
RECORDED = (
    *('instruction', 'reasoning', 'reasoning/partial', 'affordance', 'trajectory', 'detections'),
    *('overlay', 'markers', 'goal_pose', 'planned_path', 'outcome'),
    *('joint_states', 'robot_description', 'sim/objects', 'sim/truth'),
)
RECORDED_GLOBAL = ('/tf', '/tf_static', '/clock')


def moveit_files(robot: str) -> list[str]:
    """What MoveIt needs to know of the simulated robot, besides its description."""
    config = Path(get_package_share_directory('vla_r1_sim'), 'config', robot)
    names = ('kinematics', 'joint_limits', 'ompl_planning', 'moveit_controllers')
    return [str(config / f'{name}.yaml') for name in names]


def simulation(args: dict[str, str], robot: str, cameras: list[tuple[str, str]]) -> list[Node]:
    """The simulator, and a move_group for its robot unless the planner is one itself."""
    sim = Path(get_package_share_directory('vla_r1_sim'))
    urdf = Command(['xacro ', str(sim / 'urdf' / f'{robot}.urdf.xacro')])
    scene = {
        'robot': robot,
        'seed': int(args['seed']),
        'real_time_factor': float(args['real_time_factor']),
        'instruction': args['scene'] or args['instruction'],
        'use_sim_time': False,  # it makes the time
        **({'camera': args['camera']} if args['camera'] else {}),
    }
    simulator = Node(
        package='vla_r1_sim',
        executable='sim',
        name='sim',
        namespace=args['namespace'],
        parameters=[args['params_file'], scene],
        remappings=cameras,
        output='screen',
    )
    move_group = Node(
        package='moveit_ros_move_group',
        executable='move_group',
        name='move_group',
        namespace=args['namespace'],
        parameters=[
            *moveit_files(robot),
            {
                'robot_description': ParameterValue(urdf, value_type=str),
                'robot_description_semantic': (sim / 'config' / robot / 'arm.srdf').read_text(),
                'use_sim_time': True,
            },
        ],
        output='screen',
    )
    return [simulator] if args['moveit'] == 'moveit_py' else [simulator, move_group]


def recorder(args: dict[str, str], cameras: list[tuple[str, str]]) -> ExecuteProcess:
    """`ros2 bag record` of all inputs and outputs, in the simulation's time if there is one."""
    prefix = f'/{args["namespace"].strip("/")}/'.replace('//', '/')
    topics = [prefix + name for name in RECORDED] + [topic for _, topic in cameras]
    clock = ['--use-sim-time'] if args['sim'] == 'true' else []
    return ExecuteProcess(
        cmd=[
            *('ros2', 'bag', 'record', '--storage', 'mcap', '--output', args['record'], *clock),
            *('--topics', *topics, *RECORDED_GLOBAL),
        ],
        name='recorder',
        output='screen',
    )


def rviz(namespace: str, time: dict[str, bool]) -> Node:
    """RViz with our view."""
    try:
        get_package_share_directory('rviz2')
    except PackageNotFoundError:
        raise RuntimeError(
            'rviz:=true needs RViz, which is not installed here: apt install ros-jazzy-rviz2'
        ) from None
    return Node(
        package='rviz2',
        executable='rviz2',
        namespace=namespace,
        arguments=['-d', str(SHARE / 'rviz' / 'vla_r1.rviz')],
        parameters=[time],
    )


def lifecycle(reasoner: LifecycleNode, then: list[Node]) -> list:
    """Configure the reasoner, then activate it, then start what needs its answers."""

    def change(transition: int) -> EmitEvent:
        matcher = matches_action(reasoner)
        return EmitEvent(
            event=ChangeState(lifecycle_node_matcher=matcher, transition_id=transition)
        )

    def reached(start: str, goal: str, entities: list) -> RegisterEventHandler:
        return RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=reasoner,
                start_state=start,
                goal_state=goal,
                entities=entities,
            )
        )

    return [
        reached('configuring', 'inactive', [change(Transition.TRANSITION_ACTIVATE)]),
        *([reached('activating', 'active', then)] if then else []),
        reasoner,
        change(Transition.TRANSITION_CONFIGURE),
    ]


def bringup(context) -> list:
    """Put the nodes together from the resolved arguments."""
    args = {name: context.launch_configurations[name] for name in ARGUMENTS}
    sim = args['sim'] == 'true'
    robot = args['robot'] or ('ur5e' if sim else '')
    robot_file = [str(SHARE / 'config' / 'robots' / f'{robot}.yaml')] if robot else []
    camera = args['camera']
    if sim and camera not in SIM_CAMERAS:
        raise RuntimeError(f'camera:={camera}: the simulated one is at the table or at the wrist')
    time = {'use_sim_time': sim}
    model, chosen = (
        {name: args[name] for name in (*names, 'camera') if args[name]}
        for names in (('backend', 'model', 'profile'), ('execute', 'moveit'))
    )
    if sim:
        chosen = {'execute': 'auto', **chosen}
    # The robot's description comes by its topics; a real robot's configuration is in params_file.
    moveit = []
    if sim and args['moveit'] == 'moveit_py':
        moveit = [*moveit_files(robot), str(SHARE / 'config' / 'moveit_py.yaml')]
    topics = [args[f'{name}_topic'].replace('{camera}', camera or 'camera') for name in CAMERA]
    cameras = list(zip(CAMERA, topics, strict=True))
    looked_through = [(f'{camera}/{name}' if camera else name, topic) for name, topic in cameras]
    reasoner = LifecycleNode(
        package='vla_r1_perception',
        executable='reasoner',
        name='reasoner',
        namespace=args['namespace'],
        parameters=[args['params_file'], {**time, **model, 'autostart': False}],
        remappings=looked_through,
        output='screen',
    )
    planner = Node(
        package='vla_r1_planner',
        executable='planner',
        name='planner',
        namespace=args['namespace'],
        parameters=[
            args['params_file'],
            *robot_file,
            *moveit,
            {**time, **chosen},
        ],
        remappings=looked_through,
        output='screen',
    )
    watchdog = Node(
        package='vla_r1_planner',
        executable='watchdog',
        name='watchdog',
        namespace=args['namespace'],
        parameters=[args['params_file']],
        output='screen',
    )
    instruct = Node(
        package='vla_r1_planner',
        executable='instruct',
        namespace=args['namespace'],
        arguments=[args['instruction']],
        output='screen',
    )
    return [
        *([recorder(args, cameras)] if args['record'] else []),
        *(simulation(args, robot, cameras) if sim else []),
        planner,
        watchdog,
        *lifecycle(reasoner, [instruct] if args['instruction'] else []),
        *([rviz(args['namespace'], time)] if args['rviz'] == 'true' else []),
    ]


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start."""
    chosen = [os.environ[name] for name in DDS_PROFILES if os.environ.get(name)]
    profile = chosen[0] if chosen else str(SHARE / 'config' / 'fastdds.xml')
    return LaunchDescription(
        [
            *(SetEnvironmentVariable(name, profile) for name in DDS_PROFILES),
            *(
                DeclareLaunchArgument(
                    name,
                    default_value=default,
                    description=help_text,
                    **({'choices': list(choices)} if choices else {}),
                )
                for name, (default, help_text, choices) in ARGUMENTS.items()
            ),
            OpaqueFunction(function=bringup),
        ]
    )
