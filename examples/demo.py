"""The whole chain once, in simulation: see, reason, ground, plan, grasp, lift, record.

Example: python examples/demo.py --instruction "pick up the blue cylinder" --seed 7

Leaves in `demo/`: `bag/` (MCAP), `overlay.png`, `motion.gif`, `motion.png`, `launch.log`. The exit
status is 0 only when the simulator's physics saw the object lifted.
"""

import argparse
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time

from demo_pictures import save_pictures
import rclpy
from rclpy.node import Node
from simulation import bringup
from std_srvs.srv import Trigger

IMAGE_TOPIC = '/camera/camera/color/image_raw'


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--instruction', default='pick up the red cube')
    parser.add_argument('--seed', type=int, default=0, help='which scene')
    parser.add_argument('--robot', default='ur5e', help='ur5e or piper')
    parser.add_argument('--backend', default='transformers', help='or scripted, openai')
    parser.add_argument('--model', default='', help='its model; empty: nano')
    parser.add_argument('--out', type=Path, default=Path('demo'), help='folder for the results')
    return parser.parse_args()


def wait_until_ready(node: Node, launch: subprocess.Popen) -> None:
    """Wait for image, MoveIt and recorder; exit with a hint when something is missing."""
    missing: list[str] = []
    end = time.monotonic() + 90
    while time.monotonic() < end:
        services = {name for name, _ in node.get_service_names_and_types()}
        ready = {
            'simulator': '/sim/verdict' in services,
            'move_group': '/compute_cartesian_path' in services,
            'camera': node.count_publishers(IMAGE_TOPIC) > 0,
            'reasoner': node.count_publishers('/reasoning') > 0,
            'planner': node.count_publishers('/outcome') > 0,
            'recorder': all(map(node.count_subscribers, ('/outcome', '/overlay'))),
        }
        missing = [name for name, up in ready.items() if not up]
        if not missing:
            return
        if launch.poll() is not None:
            sys.exit('bringup ended early; see launch.log')
        time.sleep(0.1)
    sys.exit(f'not up after 90 s: {", ".join(missing)}; see launch.log')


def instruct(instruction: str, launch: subprocess.Popen) -> None:
    """Give the instruction; the client shows thought, stages and outcome."""
    client = subprocess.Popen(['ros2', 'run', 'vla_r1_planner', 'instruct', instruction])
    try:
        while client.poll() is None:
            if launch.poll() is not None:
                client.terminate()
                sys.exit('bringup ended early; see launch.log')
            time.sleep(0.05)
    except KeyboardInterrupt:
        client.wait(timeout=10)  # it got the Ctrl-C too and stops the arm
        raise


def verdict(node: Node) -> tuple[bool, str]:
    """Ask the simulator, which looks at its physics state and at no message."""
    client = node.create_client(Trigger, 'sim/verdict')
    if not client.wait_for_service(timeout_sec=10.0):
        return False, 'the simulator does not answer'
    future = client.call_async(Trigger.Request())
    rclpy.spin_until_future_complete(node, future, timeout_sec=10.0)
    answer = future.result()
    return (answer.success, answer.message) if answer else (False, 'no answer in 10 s')


def main() -> int:
    """Run the demo."""
    sys.stdout.reconfigure(line_buffering=True)  # the client writes to it too
    args = parse_arguments()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    shutil.rmtree(args.out, ignore_errors=True)
    args.out.mkdir(parents=True)
    start = time.monotonic()
    print(f'Scene {args.seed}. Starting simulator, MoveIt, reasoner, planner, recorder …')
    try:
        scene = {'robot': args.robot, 'seed': args.seed, 'scene': args.instruction}
        reasoner = {'backend': args.backend, 'model': args.model}
        log, bag = args.out / 'launch.log', args.out / 'bag'
        with bringup(log, record=bag, **scene, **reasoner) as launch:
            rclpy.init()
            node = rclpy.create_node('demo')
            wait_until_ready(node, launch)
            instruct(args.instruction, launch)
            success, message = verdict(node)
            node.destroy_node()
            rclpy.shutdown()
    except KeyboardInterrupt:
        print('\nStopped.')
        return 130
    for path in save_pictures(args.out / 'bag', args.out, IMAGE_TOPIC):
        print(f'  {path}')
    print(f'  {args.out / "bag"}')
    print(f'Simulator: {"SUCCESS" if success else "FAILURE"}: {message}')
    print(f'{time.monotonic() - start:.0f} s in all')
    return 0 if success else 1


if __name__ == '__main__':
    sys.exit(main())
