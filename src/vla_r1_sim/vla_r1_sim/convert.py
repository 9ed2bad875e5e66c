"""Between the simulator's values and ROS messages."""

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion, TransformStamped
import mujoco
import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import Marker, MarkerArray
from vla_r1_core.output import format as format_answer
from vla_r1_core.prompt import build_prompt
from vla_r1_core.types import ParsedAnswer, Task

from vla_r1_msgs.msg import Reasoning
from vla_r1_sim.camera import Intrinsics
from vla_r1_sim.containers import VESSELS
from vla_r1_sim.scene_spec import SceneSpec
from vla_r1_sim.spline import Waypoint
from vla_r1_sim.truth import Truth
from vla_r1_sim.vocabulary import COLORS
from vla_r1_sim.world import World


def to_stamp(time_ns: int) -> Time:
    """Return a stamp of a time [ns]."""
    sec, nanosec = divmod(time_ns, 1_000_000_000)
    return Time(sec=sec, nanosec=nanosec)


def to_image(header: Header, pixels: np.ndarray, encoding: str) -> Image:
    """Return an image message of (height, width) or (height, width, 3) pixels."""
    height, width = pixels.shape[:2]
    message = Image(header=header, height=height, width=width, encoding=encoding)
    message.step = pixels.nbytes // height
    message.data = pixels.tobytes()  # an ndarray would be checked element by element
    return message


def to_camera_info(header: Header, camera: Intrinsics) -> CameraInfo:
    """Return the calibration of an ideal pinhole camera."""
    fx, fy, cx, cy = float(camera.fx), float(camera.fy), camera.cx, camera.cy
    return CameraInfo(
        header=header,
        height=camera.height,
        width=camera.width,
        distortion_model='plumb_bob',
        d=[0.0] * 5,
        k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )


def to_transform(
    header: Header, child: str, position: np.ndarray, wxyz: np.ndarray
) -> TransformStamped:
    """Return a transform; `position` (3,) [m], `wxyz` a unit quaternion as MuJoCo orders it."""
    message = TransformStamped(header=header, child_frame_id=child)
    translation = message.transform.translation
    translation.x, translation.y, translation.z = (float(v) for v in position)
    message.transform.rotation = _to_quaternion(wxyz)
    return message


def to_object_markers(header: Header, world: World) -> MarkerArray:
    """Return all things as they are, in the header's frame; a marker's namespace is its name.

    A container's marker is the solid that encloses it.
    """
    kinds = {'cube': Marker.CUBE, 'box': Marker.CUBE, 'tray': Marker.CUBE, 'ball': Marker.SPHERE}
    looks = [(o.name, o.shape, np.array(o.size), COLORS[o.color]) for o in world.scene.objects]
    looks += [(c.name, c.name, c.vessel.half_size, c.vessel.color) for c in world.scene.containers]
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for name, shape, half_size, color in looks:
        body = world.data.body(name)
        middle = body.xpos.copy()
        if name in VESSELS:  # a container's origin is at its foot
            middle += half_size[2] * body.xmat.reshape(3, 3)[:, 2]
        x, y, z = (float(v) for v in middle)
        marker = Marker(header=header, ns=name, type=kinds.get(shape, Marker.CYLINDER))
        marker.pose = Pose(position=Point(x=x, y=y, z=z), orientation=_to_quaternion(body.xquat))
        marker.scale.x, marker.scale.y, marker.scale.z = (float(2 * half) for half in half_size)
        marker.color.r, marker.color.g, marker.color.b = color
        marker.color.a = 0.6
        markers.append(marker)
    return MarkerArray(markers=markers)


def to_true_answers(header: Header, scene: SceneSpec, found: Truth) -> list[Reasoning]:
    """Return the answers that a scene's instruction should get, in the form of a model's.

    What there is nothing to say about, and what an answer cannot say, is left out.
    """
    thought = f'the simulator knows: {found.name or "it is not there"}'
    answers = []
    if found.box or not found.name:
        answers.append(ParsedAnswer(Task.AFFORDANCE, thought, box=found.box))
    if found.trace or not found.name:
        answers.append(ParsedAnswer(Task.TRAJECTORY, thought, trajectory=found.trace))
    messages = []
    for answer in answers:
        try:
            text = format_answer(answer)
        except ValueError:  # a trace that leaves the picture
            continue
        messages.append(
            Reasoning(
                header=header,
                instruction=scene.instruction,
                task=int(answer.task),
                prompt=build_prompt(scene.instruction, answer.task),
                text=text,
                thought=thought,
                well_formed=True,
                model='simulator',
                seed=scene.seed,
            )
        )
    return messages


def to_waypoints(trajectory: JointTrajectory, joints: tuple[str, ...]) -> list[Waypoint]:
    """Return the points of a trajectory with the joints in the order of `joints`, the arm's.

    Raises:
        ValueError: the trajectory is not one of exactly the arm's joints, or is incomplete.
    """
    if sorted(trajectory.joint_names) != sorted(joints):
        raise ValueError(f'joint_names must be {", ".join(joints)}')
    order = [list(trajectory.joint_names).index(name) for name in joints]

    def ordered(values: list[float]) -> np.ndarray | None:
        if not len(values):
            return None
        if len(values) != len(order) or not np.all(np.isfinite(values)):
            raise ValueError(f'every point needs {len(order)} finite numbers')
        return np.array(values)[order]

    waypoints = []
    for point in trajectory.points:
        position = ordered(point.positions)
        if position is None:
            raise ValueError('every point needs positions')
        time = point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec
        waypoints.append(
            Waypoint(time, position, ordered(point.velocities), ordered(point.accelerations))
        )
    return waypoints


def rotation_to_wxyz(rotation: np.ndarray) -> np.ndarray:
    """Return the unit quaternion (w, x, y, z) of a (3, 3) rotation."""
    wxyz = np.empty(4)
    mujoco.mju_mat2Quat(wxyz, np.ascontiguousarray(rotation).ravel())
    return wxyz


def _to_quaternion(wxyz: np.ndarray) -> Quaternion:
    w, x, y, z = (float(v) for v in wxyz)
    return Quaternion(x=x, y=y, z=z, w=w)
