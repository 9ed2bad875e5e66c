"""Labels by hindsight: what the robot did, seen in the image of the moment of the instruction.

A trace is written as the robot reads one: its places are the tool's, its heights are not. A reach
begins where the tool is seen and comes down evenly to the middle of what it ends above; what is
carried goes over the surface, from where it was grasped to where it was let go; a push is at the
height of what is pushed. The box is around the thing on which the fingers closed.
"""

import cv2
import numpy as np
from vla_r1_core.prompt import infer_intent, Intent
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

from vla_r1_training.bags.episode import Array, Episode, GripperPath, ToolPath, View
from vla_r1_training.bags.gripper import events, grasp_and_release
from vla_r1_training.labels.ground import Ground, GroundError

TASKS = {
    Intent.PICK: (Task.AFFORDANCE,),
    Intent.REACH: (Task.TRAJECTORY,),
    Intent.PUSH: (Task.TRAJECTORY,),
    Intent.PLACE: (Task.AFFORDANCE, Task.TRAJECTORY),
}
"""What a motion shows of the answers to an instruction."""

TRACE_POINTS = 4  # at least, as in the paper's answers
_TOLERANCE = 0.003  # of the image's width, that a simplified trace may be beside the path
_MOVED_M = 0.02
_PUSH_BAND_M = 0.005  # above the lowest point of the path, where the tool pushes
_ROUNDS = 3
_LOOKS = 20  # along a push, for what is pushed
_AT_END_M = 0.05
_SOLID = 0.5  # of a thing's height, that its middle has at least unless it is hollow
_DECIMALS = 4


class HindsightError(ValueError):
    """The motion shows no answer; the text says why."""


def hindsight(episode: Episode, task: Task, view: View) -> ParsedAnswer:
    """Return the answer that a motion shows.

    Args:
        episode: with the motion.
        task: what is asked.
        view: that the answer is about, taken before the motion.

    Raises:
        HindsightError: it shows none.
    """
    intent = infer_intent(episode.instruction)
    if task not in TASKS[intent]:
        raise HindsightError(f'a {intent.value} shows no {task.name.lower()}')
    if episode.outcome and episode.outcome.error_code:
        raise HindsightError(f'the motion failed: {episode.outcome.error_msg}')
    path = episode.tool_path
    if path is None:
        raise HindsightError('it is not known where the tool was')
    try:
        ground = Ground(view)
        if task is Task.AFFORDANCE:
            return ParsedAnswer(task, 'seen', box=_grasped(path, episode.gripper, ground))
        points = _drawn(_way(path, episode.gripper, intent), ground, intent)
    except GroundError as error:
        raise HindsightError(str(error)) from error
    return ParsedAnswer(task, 'seen', trajectory=simplified(points, ground.camera.width))


def simplified(points: Array, width: int) -> Trajectory2D:
    """Return a path (N, 2) in [0, 1] with few points: its corners, and four at least.

    Args:
        points: (N, 2).
        width: of the image [px].

    Raises:
        HindsightError: it leaves the image, or leads nowhere.
    """
    if not np.isfinite(points).all() or points.min() < 0.0 or points.max() > 1.0:
        raise HindsightError('the way leaves the image')
    scaled = (points * width).astype(np.float32)
    corners = cv2.approxPolyDP(scaled[:, None], _TOLERANCE * width, closed=False)[:, 0] / width
    steps = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    if steps.sum() < 1.0 / width:
        raise HindsightError('the tool did not move in the image')
    parts = np.ones(len(steps), int)
    while parts.sum() + 1 < TRACE_POINTS:
        parts[np.argmax(steps / parts)] += 1
    pieces = [
        np.linspace(a, b, n, endpoint=False)
        for a, b, n in zip(corners[:-1], corners[1:], parts, strict=True)
    ]
    found = np.vstack([*pieces, corners[-1:]]).round(_DECIMALS)
    return Trajectory2D(tuple((float(x), float(y)) for x, y in found))


def _grasped(path: ToolPath, gripper: GripperPath | None, ground: Ground) -> Box:
    """Return the box around what the fingers closed on."""
    grasp, _ = _hold(gripper)
    if grasp is None:
        raise HindsightError('the gripper did not close')
    (point,) = path.positions(np.array([grasp]))
    box = ground.thing_at(point[:2]).box
    return Box(*(round(value, _DECIMALS) for value in (box.x, box.y, box.width, box.height)))


def _hold(gripper: GripperPath | None) -> tuple[int | None, int | None]:
    """Return when the gripper had closed on the object and when it let go [ns]."""
    if gripper is None:
        raise HindsightError('it is not known when the gripper closed')
    grasp, release = grasp_and_release(events(gripper))
    return grasp.end_ns if grasp else None, release.begin_ns if release else None


def _way(path: ToolPath, gripper: GripperPath | None, intent: Intent) -> Array:
    """Return the part of the tool's path (N, 3) [m] that a trace is about."""
    way = path.T_fixed_tool[:, :3, 3]
    if intent is Intent.PLACE:
        grasp, release = _hold(gripper)
        if grasp is None or release is None:
            raise HindsightError('the gripper did not close and open again')
        way = way[(path.stamps_ns >= grasp) & (path.stamps_ns <= release)]
    elif intent is Intent.PUSH:
        way = _lowest_run(way)
    if np.linalg.norm(np.diff(way, axis=0), axis=1).sum() < _MOVED_M:
        raise HindsightError('the tool did not move')
    return way


def _lowest_run(path: Array) -> Array:
    """Return the longest stretch of a path (N, 3) [m] that is as low as it ever gets."""
    low = path[:, 2] < path[:, 2].min() + _PUSH_BAND_M
    bounds = np.flatnonzero(np.diff(np.r_[False, low, False]))
    runs = [path[a:b] for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
    return max(runs, key=lambda run: float(np.linalg.norm(run[-1, :2] - run[0, :2])))


def _drawn(path: Array, ground: Ground, intent: Intent) -> Array:
    """Return a path (N, 3) [m] as points in the image (N, 2), in [0, 1]."""
    match intent:
        case Intent.PUSH:
            return ground.project(_at_height(path, _pushed_height(path, ground)))
        case Intent.PLACE:
            return ground.project(_on_surface(path, ground))
    return _descending(path, ground)


def _at_height(path: Array, height: float) -> Array:
    return np.column_stack([path[:, :2], np.full(len(path), height)])


def _pushed_height(path: Array, ground: Ground) -> float:
    """Return the height [m] of the middle of the first thing on a path (N, 3) [m]."""
    for place in path[np.linspace(0, len(path) - 1, _LOOKS).astype(int), :2]:
        try:
            thing = ground.thing_at(place)
        except GroundError:
            continue
        return (ground.surface_height(place) + thing.top) / 2
    raise HindsightError('nothing stood where the tool pushed')


def _on_surface(path: Array, ground: Ground) -> Array:
    """Return a path (N, 3) [m] laid down, from what was grasped to where it was let go."""
    first, last = path[0], path[-1]
    ends = np.linalg.norm(path[:, None, :2] - (first[:2], last[:2]), axis=2)
    between = path[(ends > _AT_END_M).all(axis=1)]
    laid = _at_height(between, ground.surface_height((first[:2] + last[:2]) / 2))
    end = np.r_[last[:2], ground.seen_height(last[:2])]
    return np.vstack([first, laid, end])


def _descending(path: Array, ground: Ground) -> Array:
    """Return a path (N, 3) [m] as points in the image, from the tool down to what is there."""
    begin, end = path[0, 2], ground.seen_height(path[-1, :2])
    share = _arc_share(path[:, :2])
    for _ in range(_ROUNDS):  # evenly along the line in the image, which this moves
        heights = begin + share * (end - begin)
        points = ground.project(np.column_stack([path[:, :2], heights]))
        share = _arc_share(points)
    goal = _middle(ground, path[-1, :2], end)
    return points if goal is None else points + share[:, None] * (goal - points[-1])


def _middle(ground: Ground, place: Array, height: float) -> Array | None:
    """Return the middle (2,) of the thing that a way ends on, in the image.

    None where it ends on the surface, or within something hollow: then the place itself counts.
    """
    surface = ground.surface_height(place)
    try:
        thing = ground.thing_at(place)
    except GroundError:
        return None
    if height - surface < _SOLID * (thing.top - surface):
        return None
    return np.array([thing.box.x, thing.box.y])


def _arc_share(points: Array) -> Array:
    """Return (N,) in [0, 1]: how far along their way points (N, 2) are."""
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    return np.asarray(along / max(along[-1], 1e-9))
