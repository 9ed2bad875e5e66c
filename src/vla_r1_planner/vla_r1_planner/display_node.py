"""What the planner shows: markers, the goal pose and the planned path."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, PoseStamped, Quaternion, Vector3
from nav_msgs.msg import Path
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from vla_r1_planner.convert import path_msg, pose_msg, upright
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import GraspCandidate, Gripper
from vla_r1_planner.grounding import GroundedBox
from vla_r1_planner.trace import PointState, TracePath

Array = NDArray[np.float64]

GREEN, BLUE = (0.2, 0.85, 0.35, 0.9), (0.25, 0.55, 1.0, 0.9)
ORANGE, GREY = (1.0, 0.55, 0.1, 0.9), (0.6, 0.6, 0.65, 0.35)
FINGER_M = (0.012, 0.022, 0.05)
SHOWN_POINTS = 400


class Backstage:
    """Shows what a `Display` shows, from a thread of its own: no plan waits for its pictures."""

    def __init__(self, display: 'Display', log: Callable[[str], object]) -> None:
        self._display = display
        self._log = log
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix='display')

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Return the method of the display, to be called later."""
        method = getattr(self._display, name)

        def later(*args: Any) -> None:
            self._thread.submit(method, *args).add_done_callback(self._tell)

        return later

    def close(self) -> None:
        """Show no more."""
        self._thread.shutdown(cancel_futures=True)

    def _tell(self, shown: Future) -> None:
        error = None if shown.cancelled() else shown.exception()
        if error is not None:
            self._log(f'nothing to see: {error!r}')


class Display:
    """Publishes `markers`, `goal_pose` and `planned_path` in the planning frame."""

    def __init__(self, node: Node, frame: str, gripper: Gripper) -> None:
        self._node = node
        self._frame = frame
        self._gripper = gripper
        self._markers = node.create_publisher(MarkerArray, 'markers', 1)
        self._goal = node.create_publisher(PoseStamped, 'goal_pose', 1)
        self._path = node.create_publisher(Path, 'planned_path', 1)

    def header(self) -> Header:
        """Return a header of now in the planning frame."""
        return Header(frame_id=self._frame, stamp=self._node.get_clock().now().to_msg())

    def box(self, grounded: GroundedBox, label: str) -> None:
        """Show the object's points and cuboid, and the best grasp."""
        few = np.linspace(0, len(grounded.points) - 1, SHOWN_POINTS).astype(int)
        outline = grounded.outline
        text = self._marker('label', Marker.TEXT_VIEW_FACING, GREEN, (0.0, 0.0, 0.03))
        text.text = label
        text.pose.position = _point([*outline.centre, outline.top + 0.05])
        markers = [
            self._line('object', Marker.POINTS, grounded.points[few], GREEN, 0.003),
            self._line('object_box', Marker.LINE_LIST, _edges(outline), GREEN, 0.002),
            text,
        ]
        self._publish(markers)
        self.grasp(grounded.candidates[0])

    def obstacles(self, cuboids: Sequence[Footprint]) -> None:
        """Show what the arm keeps away from."""
        markers = []
        for cuboid in cuboids:
            size = (cuboid.short, cuboid.long, cuboid.top - cuboid.bottom)
            marker = self._marker('obstacles', Marker.CUBE, GREY, size)
            middle = np.array([*cuboid.centre, (cuboid.top + cuboid.bottom) / 2])
            marker.pose = pose_msg(upright(middle, cuboid.yaw))
            markers.append(marker)
        self._publish(markers)

    def grasp(self, grasp: GraspCandidate) -> None:
        """Show a grasp: the open fingers, the palm, the tool's axes; and as `goal_pose`."""
        tcp, gripper = grasp.T_base_tcp, self._gripper
        reach = (grasp.opening_m + FINGER_M[0]) / 2
        finger_z = gripper.tip_beyond_tcp_m - FINGER_M[2] / 2
        parts = [((side * reach, 0.0, finger_z), FINGER_M) for side in (-1, 1)]
        palm_z = gripper.tip_beyond_tcp_m - FINGER_M[2]
        parts.append(((0.0, 0.0, palm_z), (2 * reach, FINGER_M[1], FINGER_M[0])))
        markers = []
        for offset, size in parts:
            marker = self._marker('grasp', Marker.CUBE, BLUE, size)
            shift = np.eye(4)
            shift[:3, 3] = offset
            marker.pose = pose_msg(tcp @ shift)
            markers.append(marker)
        for axis, colour in enumerate(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))):
            ends = np.array([tcp[:3, 3], tcp[:3, 3] + 0.05 * tcp[:3, axis]])
            arrow = self._line('grasp_axes', Marker.ARROW, ends, (*colour, 1.0), 0.004)
            arrow.scale = Vector3(x=0.004, y=0.008, z=0.01)
            markers.append(arrow)
        self._publish(markers)
        self.goal(tcp)

    def trace(self, path: TracePath) -> None:
        """Show the trace on the surface, bridged points in orange."""
        dots = self._line('trace_points', Marker.SPHERE_LIST, path.points, GREEN, 0.008)
        measured = [state is PointState.MEASURED for state in path.states]
        dots.colors = [_colour(GREEN if ok else ORANGE) for ok in measured]
        self._publish([self._line('trace', Marker.LINE_STRIP, path.points, GREEN, 0.004), dots])

    def goal(self, T_base_tcp: Array) -> None:
        """Publish a tool pose (4, 4) as `goal_pose`."""
        self._goal.publish(PoseStamped(header=self.header(), pose=pose_msg(T_base_tcp)))

    def plan(self, tool_poses: Array) -> Path:
        """Show the tool's planned way, poses (N, 4, 4), and return it as a message."""
        path = path_msg(self.header(), tool_poses)
        self._path.publish(path)
        way = self._line('plan', Marker.LINE_STRIP, tool_poses[:, :3, 3], BLUE, 0.003)
        self._publish([way])
        return path

    def clear(self) -> None:
        """Take everything off the screen."""
        self._markers.publish(MarkerArray(markers=[Marker(action=Marker.DELETEALL)]))

    def _publish(self, markers: list[Marker]) -> None:
        for number, marker in enumerate(markers):
            marker.id = number
        self._markers.publish(MarkerArray(markers=markers))

    def _marker(
        self, name: str, kind: int, colour: Sequence[float], size: Sequence[float]
    ) -> Marker:
        x, y, z = (float(value) for value in size)
        marker = Marker(header=self.header(), ns=name, type=kind, color=_colour(colour))
        marker.scale = Vector3(x=x, y=y, z=z)
        marker.pose.orientation = Quaternion(w=1.0)
        marker.lifetime = Duration()
        return marker

    def _line(
        self, name: str, kind: int, points: Array, colour: Sequence[float], width_m: float
    ) -> Marker:
        marker = self._marker(name, kind, colour, (width_m, width_m, width_m))
        marker.points = [_point(xyz) for xyz in points]
        return marker


def _colour(rgba: Sequence[float]) -> ColorRGBA:
    r, g, b, a = rgba
    return ColorRGBA(r=r, g=g, b=b, a=a)


def _point(xyz: Sequence[float]) -> Point:
    x, y, z = (float(value) for value in xyz)
    return Point(x=x, y=y, z=z)


def _edges(cuboid: Footprint) -> Array:
    """Return the 12 edges of a cuboid as (24, 3) line ends [m]."""
    signs = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)]) - 0.5
    size = (cuboid.short, cuboid.long, cuboid.top - cuboid.bottom)
    middle = np.array([*cuboid.centre, (cuboid.top + cuboid.bottom) / 2])
    corners = (signs * size) @ upright(middle, cuboid.yaw)[:3, :3].T + middle
    pairs = [(i, i | bit) for i in range(8) for bit in (1, 2, 4) if not i & bit]
    return corners[np.array(pairs).ravel()]
