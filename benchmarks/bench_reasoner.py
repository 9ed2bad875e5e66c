"""What the reasoner node adds to the model's time, and whether headers come through unchanged.

A reasoner in a process of its own sees a camera over DDS and is given instructions one by one.
Measured is the wall time from publishing the instruction to the node's publishing of its last
output, the overlay (the middleware's source timestamps tell), less the model's own time
(`Reasoning.latency`). The second line counts until this process holds the messages. Exit status 1
when a figure is missed; those of 1280x720 have limits.

Usage: python benchmarks/bench_reasoner.py [--sizes 1280x720 3840x2160] [--requests 100]
"""

import argparse
from pathlib import Path
import subprocess
import sys
import threading
import time

from ament_index_python import get_package_prefix
import cv2
from machine import machine
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image
from std_msgs.msg import String
from vision_msgs.msg import Detection2DArray

from vla_r1_msgs.msg import Affordance, Reasoning

SIZES = ('1280x720', '3840x2160')
LIMITS_MS = {'1280x720': (8.0, 25.0)}
"""Of median and 99th percentile."""
TYPES = {
    'reasoning': Reasoning,
    'affordance': Affordance,
    'detections': Detection2DArray,
    'overlay': Image,
}


def picture(width: int, height: int) -> np.ndarray:
    """Return a wooden table with a red ball, (height, width, 3) RGB."""
    rgb = np.full((height, width, 3), (172, 143, 114), np.uint8)
    middle = (round(0.55 * width), round(0.55 * height))
    cv2.circle(rgb, middle, height // 18, (200, 25, 25), -1, cv2.LINE_AA)
    return rgb


def memory_mb(process: subprocess.Popen) -> float:
    """Return the most memory that a process has held [MB]."""
    for line in Path(f'/proc/{process.pid}/status').read_text().splitlines():
        if line.startswith('VmHWM'):
            return int(line.split()[1]) / 1000
    raise RuntimeError('the system does not tell')


class Camera:
    """Publishes pictures, and remembers their stamps and what came back.

    Attributes:
        arrived: topic -> (published [ns], received [ns], message), of the present instruction.
        stamps: of all images published, [ns].
    """

    def __init__(self, width: int, height: int, rate: float) -> None:
        self.node = rclpy.create_node('bench_reasoner')
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.arrived: dict[str, tuple[int, int, object]] = {}
        self.stamps: set[int] = set()
        self._images = self.node.create_publisher(Image, 'image', 5)
        self._instructions = self.node.create_publisher(String, 'instruction', 10)
        for name, kind in TYPES.items():
            self.node.create_subscription(kind, name, self._keep(name), 10)
        self._image = Image(
            height=height,
            width=width,
            step=3 * width,
            encoding='rgb8',
            data=picture(width, height).tobytes(),
        )
        self._image.header.frame_id = 'camera_color_optical_frame'
        # In a thread of its own, so that sending pictures does not delay taking answers.
        self._filming = threading.Event()
        self._filming.set()
        self._film_thread = threading.Thread(target=self._film, args=(1.0 / rate,))
        self._film_thread.start()

    def close(self) -> None:
        """End the film, and leave."""
        self._filming.clear()
        self._film_thread.join()
        self.executor.shutdown()
        self.node.destroy_node()

    def ask(self) -> tuple[int, dict[str, tuple[int, int, object]]]:
        """Publish an instruction; return when [ns], and all outputs."""
        self.arrived = {}
        begin = time.time_ns()
        self._instructions.publish(String(data='pick up the red ball'))
        while len(self.arrived) < len(TYPES):
            self.executor.spin_once(timeout_sec=0.1)
            if 'reasoning' in self.arrived and self.arrived['reasoning'][2].error_code:
                raise RuntimeError(self.arrived['reasoning'][2].error_msg)
            if time.time_ns() - begin > 10e9:
                missing = sorted(set(TYPES) - set(self.arrived))
                raise TimeoutError(f'no {", ".join(missing)} within 10 s')
        return begin, self.arrived

    def wait_until_answering(self) -> None:
        """Spin until the node is there and sees the camera."""
        for _ in range(300):
            self.executor.spin_once(timeout_sec=0.1)
            here = self._instructions.get_subscription_count()
            if here and self._images.get_subscription_count() and self._sees_outputs():
                self.spin(1.0)  # the first image must have arrived on the other side
                return
        raise TimeoutError('the reasoner did not start')

    def _sees_outputs(self) -> bool:
        return all(self.node.count_publishers(name) for name in TYPES)

    def spin(self, seconds: float) -> None:
        """Let the camera run."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.executor.spin_once(timeout_sec=0.01)

    def _film(self, period_s: float) -> None:
        while self._filming.is_set():
            now = self.node.get_clock().now()
            self._image.header.stamp = now.to_msg()
            self.stamps.add(now.nanoseconds)
            self._images.publish(self._image)
            time.sleep(period_s)

    def _keep(self, name: str):
        def keep(message: object, info: dict) -> None:
            self.arrived[name] = (info['source_timestamp'], time.time_ns(), message)

        return keep


def measure(size: str, requests: int, rate: float) -> bool:
    """Run the benchmark for one size, such as 1280x720, and print its figures; False: missed."""
    width, height = map(int, size.split('x'))
    executable = Path(get_package_prefix('vla_r1_perception')) / 'lib/vla_r1_perception/reasoner'
    command = [executable, '--ros-args', '-p', 'backend:=scripted']
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    published_ms, received_ms, same_header = [], [], 0
    camera = Camera(width, height, rate)
    try:
        camera.wait_until_answering()
        for i in range(requests + 3):
            camera.spin(0.05)
            begin, outputs = camera.ask()
            if i < 3:
                continue  # warms up
            reasoning = outputs['reasoning'][2]
            model_ms = 1e3 * reasoning.latency
            published_ms.append(1e-6 * (max(o[0] for o in outputs.values()) - begin) - model_ms)
            received_ms.append(1e-6 * (max(o[1] for o in outputs.values()) - begin) - model_ms)
            stamp = reasoning.header.stamp.sec * 10**9 + reasoning.header.stamp.nanosec
            headers = [message.header for _, _, message in outputs.values()]
            same_header += stamp in camera.stamps and all(h == headers[0] for h in headers)
        most_mb = memory_mb(process)
    finally:
        camera.close()
        process.terminate()
        process.wait(10.0)

    limits = LIMITS_MS.get(size, (np.inf, np.inf))
    seen = np.percentile(published_ms, [50, 99])
    told = [
        f'{name} {value:.1f} ms' + (f' (limit {limit:g})' if np.isfinite(limit) else '')
        for name, value, limit in zip(('p50', 'p99'), seen, limits, strict=True)
    ]
    r50, r99 = np.percentile(received_ms, [50, 99])
    print(f'reasoner node at {size}, {rate:g} Hz: {requests} instructions')
    print(f'  all outputs published, model time taken out: {", ".join(told)}')
    print(f'  received by a Python client:                 p50 {r50:.1f} ms, p99 {r99:.1f} ms')
    print(f"  outputs with the image's own header:         {same_header} of {requests}")
    print(f'  memory of the node, at most:                 {most_mb:.0f} MB')
    return bool((seen <= limits).all()) and same_header == requests


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--sizes', nargs='+', default=SIZES, help='of the image [px]')
    parser.add_argument('--requests', type=int, default=100)
    parser.add_argument('--rate', type=float, default=10.0, help='of the camera [Hz]')
    args = parser.parse_args()
    rclpy.init()
    print(machine())
    met = [measure(size, args.requests, args.rate) for size in args.sizes]
    rclpy.shutdown()
    return int(not all(met))


if __name__ == '__main__':
    sys.exit(main())
