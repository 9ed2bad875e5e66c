"""Drawn pictures, a tiny model folder, and a client for reasoner processes over real DDS."""

from contextlib import contextmanager, ExitStack
from functools import partial
import os
from pathlib import Path
import subprocess
import sys
import time

import cv2
from lifecycle_msgs.srv import GetState
import numpy as np
import pytest

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ.setdefault('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image
from std_msgs.msg import String
from vision_msgs.msg import Detection2DArray

from vla_r1_msgs.action import Reason
from vla_r1_msgs.msg import Affordance, Reasoning, Trajectory

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # for what lies beside the tests
TYPES = {
    'reasoning': Reasoning,
    'reasoning/partial': String,
    'affordance': Affordance,
    'trajectory': Trajectory,
    'detections': Detection2DArray,
    'overlay': Image,
}
RGB = {
    'red': (200, 25, 25), 'green': (30, 140, 55), 'blue': (28, 75, 190), 'yellow': (225, 190, 20),
    'orange': (235, 105, 10), 'purple': (115, 40, 160), 'teal': (12, 112, 118),
    'pink': (225, 80, 125),
}  # fmt: skip


class Picture:
    """A table of wood with objects on it, drawn with shading and soft edges.

    Attributes:
        rgb: (height, width, 3) uint8.
        corners: object name → left, top, right, bottom in [0, 1], as drawn.
    """

    def __init__(self, width=320, height=240, seed=0):
        noise = np.random.default_rng(seed).normal(0, 4, (height, width, 3))
        self.rgb = np.clip(np.array([172, 143, 114]) + noise, 0, 255).astype(np.uint8)
        self.corners = {}

    def add(self, name, center, size):
        """Draw '<color> <shape>' around a centre, about `size` wide [px]."""
        color, shape = name.split()
        x, y = center
        r, h = size / 2, size / 2
        if shape == 'ball':
            parts = [(self._ellipse(x, y, r, r), 1.0)]
        elif shape == 'cylinder':
            side = np.vstack([self._ellipse(x, y - h, r, 0.6 * r)[18:],
                              self._ellipse(x, y + 2 * h, r, 0.6 * r)[:19]])  # fmt: skip
            parts = [(side, 0.8), (self._ellipse(x, y - h, r, 0.6 * r), 1.0)]
        elif shape == 'bowl':
            wall = np.vstack([self._ellipse(x, y - 0.3 * r, r, 0.7 * r)[18:],
                              self._ellipse(x, y + 0.2 * r, 0.7 * r, 0.5 * r)[:19]])  # fmt: skip
            rim, floor = (self._ellipse(x, y - 0.3 * r, k * r, 0.7 * k * r) for k in (1.0, 0.9))
            parts = [(wall, 0.8), (rim, 1.0), (floor, 0.7)]
        elif shape == 'tray':
            turned = np.array([[-1.0, -0.5], [0.6, -0.8], [1.0, 0.5], [-0.6, 0.8]])
            parts = [(turned * r + (x, y), 1.0), (0.9 * turned * r + (x, y), 0.8)]
        else:
            depth = size if shape == 'cube' else 2.4 * size
            a, b = np.array([1.0, 0.35]) * r, np.array([-0.45, 0.6]) * depth / 2
            top = np.add([a + b, a - b, -a - b, -a + b], (x, y))
            down = np.array([0.0, 0.75 * size])
            right = np.array([top[0], top[1], top[1] + down, top[0] + down])
            front = np.array([top[3], top[0], top[0] + down, top[3] + down])
            parts = [(right, 0.6), (front, 0.75), (top, 1.0)]
        mask = np.zeros(self.rgb.shape[:2], np.uint8)
        for points, light in parts:
            fixed = np.round(points * 16).astype(np.int32)
            shade = tuple(int(light * v) for v in RGB[color])
            cv2.fillPoly(self.rgb, [fixed], shade, cv2.LINE_AA, 4)
            cv2.fillPoly(mask, [fixed], 255, cv2.LINE_8, 4)
        left, top_px, w, h = cv2.boundingRect(mask)
        height, width = mask.shape
        self.corners[name] = (
            left / width,
            top_px / height,
            (left + w) / width,
            (top_px + h) / height,
        )
        return self

    @staticmethod
    def _ellipse(x, y, rx, ry):
        angle = np.linspace(0, 2 * np.pi, 37)
        return np.column_stack([x + rx * np.cos(angle), y + ry * np.sin(angle)])


@pytest.fixture(scope='session')
def picture():
    """Return a picture with one object of every shape."""
    return (
        Picture()
        .add('red cube', (70, 80), 26)
        .add('blue cylinder', (150, 90), 24)
        .add('yellow ball', (230, 80), 28)
        .add('green box', (90, 170), 26)
        .add('red ball', (240, 170), 26)
    )


@pytest.fixture
def draw():
    """Return the class that draws pictures."""
    return Picture


@pytest.fixture(scope='session')
def tiny_model(tmp_path_factory):
    """Return a folder with a randomly initialised Qwen2.5-VL."""
    folder = tmp_path_factory.mktemp('models') / 'tiny'
    subprocess.run([sys.executable, HERE / 'tiny_model.py', folder], check=True)
    return folder


class Client:
    """Talks to one reasoner process in its own namespace and collects all that it publishes."""

    def __init__(self, namespace):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('client', namespace=namespace, context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.got = {name: [] for name in TYPES}
        self.by_action = set()
        for name, kind in TYPES.items():
            self.node.create_subscription(kind, name, self.got[name].append, 100)
        self.images = self.node.create_publisher(Image, 'image', 5)
        self.instructions = self.node.create_publisher(String, 'instruction', 10)
        self.action = ActionClient(self.node, Reason, 'reason')
        self.image = None
        self.node.create_timer(0.1, self._publish_image)

    def _publish_image(self):
        if self.image is not None:
            self.image.header.stamp = self.node.get_clock().now().to_msg()
            self.images.publish(self.image)

    def show(self, rgb):
        """Publish a picture ten times a second from now on."""
        self.image = Image(
            height=rgb.shape[0], width=rgb.shape[1], step=3 * rgb.shape[1], encoding='rgb8',
            data=rgb.tobytes(),
        )  # fmt: skip
        self.image.header.frame_id = 'camera_color_optical_frame'
        self.spin(0.5)

    def wait(self, what, timeout=20.0):
        """Spin until `what()` is true and return it."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.05)
            value = what()
            if value:
                return value
        raise TimeoutError(what)

    def spin(self, seconds):
        """Spin for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.02)

    def say(self, instruction):
        """Publish an instruction."""
        self.instructions.publish(String(data=instruction))

    def instruct(self, instruction):
        """Publish an instruction and return the Reasoning that it ends in."""
        before = len(self.got['reasoning'])
        self.say(instruction)

        def answers():  # that of an action before it may still be on its way
            new = self.got['reasoning'][before:]
            return [reasoning for reasoning in new if reasoning.request_id not in self.by_action]

        return self.wait(answers)[0]

    def send(self, feedback=None, **goal):
        """Send a goal and return its accepted handle."""
        future = self.action.send_goal_async(Reason.Goal(**goal), feedback_callback=feedback)
        self.wait(future.done)
        assert future.result().accepted
        return future.result()

    def result(self, handle):
        """Return status and result of a goal."""
        future = handle.get_result_async()
        self.wait(future.done)
        self.by_action.add(future.result().result.reasoning.request_id)
        return future.result().status, future.result().result

    def call(self, kind, name, request, timeout=20.0):
        """Call a service."""
        client = self.node.create_client(kind, name)
        assert client.wait_for_service(10.0)
        future = client.call_async(request)
        self.wait(future.done, timeout)
        return future.result()

    def forget(self):
        """Drop all that was collected."""
        for messages in self.got.values():
            messages.clear()

    def close(self):
        """Leave."""
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture(scope='session')
def serving(tiny_model, tmp_path_factory):
    """Return the process group that serves the tiny model to the openai backend."""
    from serving import Serving  # with certificates, which most tests do without

    with Serving(tiny_model, tmp_path_factory.mktemp('serving')) as process:
        yield process


MOODY = (str(HERE / 'moody_reasoner.py'),)
REAL = ('-c', 'from vla_r1_perception.reasoner_node import main; main()')


@contextmanager
def reasoner_process(*parameters, program=MOODY):
    """Run a reasoner process and yield its client."""
    namespace = f'/t{time.monotonic_ns()}'
    arguments = ['--ros-args', '-r', f'__ns:={namespace}']
    for parameter in parameters:
        arguments += ['-p', parameter]
    process = subprocess.Popen([sys.executable, *program, *arguments])
    client = Client(namespace)
    client.process = process
    try:
        assert client.action.wait_for_server(30.0)
        client.wait(lambda: client.instructions.get_subscription_count())
        client.wait(lambda: client.node.count_publishers('overlay'))
        # Answered once the model is loaded, which takes half a minute on a busy machine.
        client.call(GetState, 'reasoner/get_state', GetState.Request(), timeout=120.0)
        yield client
    finally:
        client.close()
        process.terminate()
        assert process.wait(15.0) == 0


@pytest.fixture(scope='session')
def real_process():
    """Return the context manager of a reasoner process as it is shipped, for longer fixtures."""
    return partial(reasoner_process, program=REAL)


@pytest.fixture(scope='module')
def running():
    """Return the client of one reasoner for all tests that need nothing special."""
    with reasoner_process() as client:
        yield client


@pytest.fixture
def start():
    """Return a function that starts a reasoner process and returns its client."""
    with ExitStack() as stack:
        yield lambda *parameters: stack.enter_context(reasoner_process(*parameters))


@pytest.fixture
def start_real():
    """Return a function that starts the reasoner as it is shipped and returns its client."""
    with ExitStack() as stack:
        yield lambda *parameters: stack.enter_context(reasoner_process(*parameters, program=REAL))
