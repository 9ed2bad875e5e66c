"""The picture people look at: the box or the trace, what it is, and the thought below."""

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.types import Box, Trajectory2D

from vla_r1_perception.reply import Reply

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ACCENT = (0, 230, 170)
_DARK = (18, 22, 28)
_LIGHT = (240, 243, 246)
_ALERT = (255, 120, 90)
_PANEL_SHARE = 0.32  # of the picture's height, at most
_PANEL_OPACITY = 0.78


def draw_overlay(rgb: NDArray[np.uint8], reply: Reply) -> NDArray[np.uint8]:
    """Return a copy of an (H, W, 3) RGB picture with the reply drawn into it."""
    picture = rgb.copy()
    unit = max(1.0, picture.shape[0] / 480)  # strokes and letters grow with the picture
    label, text = (reply.answer.label, reply.answer.text) if reply.answer else ('', '')
    if reply.parsed and reply.parsed.box:
        _draw_box(picture, reply.parsed.box, label, unit)
    if reply.parsed and reply.parsed.trajectory:
        _draw_trace(picture, reply.parsed.trajectory, unit)
    thought = reply.parsed.thought if reply.parsed else text
    _draw_panel(picture, thought, str(reply.error or ''), unit)
    return picture


def _draw_box(picture: NDArray[np.uint8], box: Box, label: str, unit: float) -> None:
    height, width = picture.shape[:2]
    left, top, right, bottom = box.corners
    line = round(2 * unit)
    # Around the object, so that even a small one stays in view.
    first = (round(left * width) - line, round(top * height) - line)
    second = (round(right * width) + line, round(bottom * height) + line)
    cv2.rectangle(picture, first, second, _DARK, 2 * line, cv2.LINE_AA)
    cv2.rectangle(picture, first, second, _ACCENT, line, cv2.LINE_AA)
    if label:
        _draw_tag(picture, label, first, unit)


def _draw_tag(
    picture: NDArray[np.uint8], label: str, corner: tuple[int, int], unit: float
) -> None:
    """Write the label on a tag that stands on the box's top edge, inside the picture."""
    scale, pad = 0.5 * unit, round(4 * unit)
    (text_width, text_height), _ = cv2.getTextSize(label, _FONT, scale, 1)
    x = max(0, min(corner[0], picture.shape[1] - text_width - 2 * pad))
    y = max(text_height + 2 * pad, corner[1])
    cv2.rectangle(
        picture, (x, y - text_height - 2 * pad), (x + text_width + 2 * pad, y), _ACCENT, -1
    )
    cv2.putText(
        picture, label, (x + pad, y - pad), _FONT, scale, _DARK, max(1, int(unit)), cv2.LINE_AA
    )


def _draw_trace(picture: NDArray[np.uint8], trace: Trajectory2D, unit: float) -> None:
    """Draw the way, its waypoints, and an arrow at its end."""
    height, width = picture.shape[:2]
    points = [(round(x), round(y)) for x, y in trace.to_px(width, height)]
    *_, before, end = points[0], *points
    length = max(1.0, float(np.hypot(*np.subtract(end, before))))
    tip = min(1.0, 14 * unit / length)
    for color, line in ((_DARK, round(4 * unit)), (_ACCENT, round(2 * unit))):
        cv2.polylines(picture, [np.array(points)], False, color, line, cv2.LINE_AA)
        cv2.arrowedLine(picture, before, end, color, line, cv2.LINE_AA, 0, tip)
    for point in points[:-1]:
        cv2.circle(picture, point, round(5 * unit), _DARK, -1, cv2.LINE_AA)
        cv2.circle(picture, point, round(3.5 * unit), _ACCENT, -1, cv2.LINE_AA)


def _draw_panel(picture: NDArray[np.uint8], thought: str, error: str, unit: float) -> None:
    """Write the thought, and the error if any, on a dark panel along the bottom edge."""
    scale, pad, line_height = 0.40 * unit, round(8 * unit), round(16 * unit)
    room = picture.shape[1] - 2 * pad
    max_lines = int((_PANEL_SHARE * picture.shape[0] - 2 * pad) / line_height)
    alerts = _wrap(error, room, scale)[: max_lines - 1]
    lines = _wrap(thought, room, scale)
    if len(lines) > max_lines - len(alerts):
        lines = [*lines[: max_lines - len(alerts) - 1], '...']
    top = picture.shape[0] - 2 * pad - line_height * (len(lines) + len(alerts))
    panel = picture[top:]
    dark = np.full_like(panel, _DARK)
    cv2.addWeighted(dark, _PANEL_OPACITY, panel, 1 - _PANEL_OPACITY, 0, dst=panel)
    colored = [(line, _LIGHT) for line in lines] + [(line, _ALERT) for line in alerts]
    for i, (line, color) in enumerate(colored, start=1):
        baseline = top + pad + i * line_height - round(4 * unit)
        cv2.putText(
            picture, line, (pad, baseline), _FONT, scale, color, max(1, int(unit)), cv2.LINE_AA
        )


def _wrap(text: str, room: int, scale: float) -> list[str]:
    """Break text at spaces so that each line is at most `room` pixels wide."""
    # OpenCV's fonts have no other letters; the topic `reasoning` has the text itself.
    text = text.encode('ascii', 'replace').decode()
    lines = []
    for paragraph in text.splitlines():
        line = ''
        for word in paragraph.split():
            longer = f'{line} {word}' if line else word
            if cv2.getTextSize(longer, _FONT, scale, 1)[0][0] <= room:
                line = longer
            else:
                lines.append(line)
                line = word
        lines.append(line)
    return [line for line in lines if line]
