"""What the reasoner node adds to the model's time, and whether headers come through unchanged.

A reasoner in a process of its own sees a 1280 x 720 camera over DDS and is given instructions one
by one. Measured is the wall time from publishing the instruction to the node's publishing of its
last output, the overlay (the middleware's source timestamps tell), less the model's own time
(`Reasoning.latency`). The second line counts until this process holds the messages. Exit status 1
when a figure is missed.

Usage: python benchmarks/bench_reasoner.py [--requests 100] [--rate 10]
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

WIDTH, HEIGHT = 1280, 720
P50_LIMIT_MS, P99_LIMIT_MS = 8.0, 25.0
TYPES = {
    'reasoning': Reasoning,
    'affordance': Affordance,
    'detections': Detection2DArray,
    'overlay': Image,
}


def picture() -> np.ndarray:
    """Return a wooden table with a red ball, (HEIGHT, WIDTH, 3) RGB."""
    rgb = np.full((HEIGHT, WIDTH, 3), (172, 143, 114), np.uint8)
    cv2.circle(rgb, (700, 400), 40, (200, 25, 25), -1, cv2.LINE_AA)
    return rgb


class Camera:
    """Publishes pictures, and remembers their stamps and what came back.

    Attributes:
        arrived: topic -> (published [ns], received [ns], message), of the present instruction.
        stamps: of all images published, [ns].
    """

    def __init__(self, rate: float) -> None:
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
            height=HEIGHT,
            width=WIDTH,
            step=3 * WIDTH,
            encoding='rgb8',
            data=picture().tobytes(),
        )
        self._image.header.frame_id = 'camera_color_optical_frame'
        # In a thread of its own, so that sending pictures does not delay taking answers.
        threading.Thread(target=self._film, args=(1.0 / rate,), daemon=True).start()

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
        while rclpy.ok():
            now = self.node.get_clock().now()
            self._image.header.stamp = now.to_msg()
            self.stamps.add(now.nanoseconds)
            self._images.publish(self._image)
            time.sleep(period_s)

    def _keep(self, name: str):
        def keep(message: object, info: dict) -> None:
            self.arrived[name] = (info['source_timestamp'], time.time_ns(), message)

        return keep


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--requests', type=int, default=100)
    parser.add_argument('--rate', type=float, default=10.0, help='of the camera [Hz]')
    args = parser.parse_args()

    executable = Path(get_package_prefix('vla_r1_perception')) / 'lib/vla_r1_perception/reasoner'
    rclpy.init()
    process = subprocess.Popen([executable], stderr=subprocess.DEVNULL)
    published_ms, received_ms, same_header = [], [], 0
    try:
        camera = Camera(args.rate)
        camera.wait_until_answering()
        for i in range(args.requests + 3):
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
    finally:
        process.terminate()
        process.wait(10.0)

    print(f'reasoner node at {WIDTH} x {HEIGHT}, {args.rate:g} Hz: {args.requests} instructions')
    print(machine())
    p50, p99 = np.percentile(published_ms, [50, 99])
    print(
        f'  all outputs published, model time taken out: p50 {p50:.1f} ms '
        f'(limit {P50_LIMIT_MS:g}), p99 {p99:.1f} ms (limit {P99_LIMIT_MS:g})'
    )
    r50, r99 = np.percentile(received_ms, [50, 99])
    print(f'  received by a Python client:                 p50 {r50:.1f} ms, p99 {r99:.1f} ms')
    print(f"  outputs with the image's own header:         {same_header} of {args.requests}")
    rclpy.shutdown()
    return int(p50 > P50_LIMIT_MS or p99 > P99_LIMIT_MS or same_header < args.requests)


if __name__ == '__main__':
    sys.exit(main())
