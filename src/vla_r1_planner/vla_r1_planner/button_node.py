"""A button in RViz: one interactive marker, by the protocol of RViz's InteractiveMarkers display.

The display asks for all markers once by service, then follows numbered updates, and sends clicks
back as feedback.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import threading

from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import (
    InteractiveMarker,
    InteractiveMarkerControl,
    InteractiveMarkerFeedback,
    InteractiveMarkerUpdate,
    Marker,
)
from visualization_msgs.srv import GetInteractiveMarkers

RADIUS_M = 0.04
GREEN, WHITE = ColorRGBA(r=0.1, g=0.8, b=0.25, a=0.9), ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)


class Button:
    """A ball with a label that calls somebody when it is clicked; invisible until `shown`."""

    def __init__(self, node: Node, name: str, frame: str, clicked: Callable[[], object]) -> None:
        """Serve `name`/update, `name`/get_interactive_markers and `name`/feedback."""
        self._name = name
        self._frame = frame
        self._clicked = clicked
        self._lock = threading.Lock()
        self._number = 0
        self._marker: InteractiveMarker | None = None
        group = ReentrantCallbackGroup()
        self._updates = node.create_publisher(InteractiveMarkerUpdate, f'{name}/update', 100)
        node.create_service(
            GetInteractiveMarkers,
            f'{name}/get_interactive_markers',
            self._on_get,
            callback_group=group,
        )
        node.create_subscription(
            InteractiveMarkerFeedback,
            f'{name}/feedback',
            self._on_feedback,
            10,
            callback_group=group,
        )

    @contextmanager
    def shown(self, label: str, place: NDArray[np.float64]) -> Iterator[None]:
        """Show the button at a place (3,) [m] in its frame for as long as the context lasts."""
        self._set(_ball(self._name, self._frame, label, place))
        try:
            yield
        finally:
            self._set(None)

    def _set(self, marker: InteractiveMarker | None) -> None:
        with self._lock:
            self._number += 1
            self._marker = marker
            self._updates.publish(
                InteractiveMarkerUpdate(
                    server_id=self._name,
                    seq_num=self._number,
                    type=InteractiveMarkerUpdate.UPDATE,
                    markers=[] if marker is None else [marker],
                    erases=[self._name] if marker is None else [],
                )
            )

    def _on_get(
        self, _: GetInteractiveMarkers.Request, response: GetInteractiveMarkers.Response
    ) -> GetInteractiveMarkers.Response:
        with self._lock:
            response.sequence_number = self._number
            response.markers = [] if self._marker is None else [self._marker]
        return response

    def _on_feedback(self, feedback: InteractiveMarkerFeedback) -> None:
        click = feedback.event_type == InteractiveMarkerFeedback.BUTTON_CLICK
        if click and feedback.marker_name == self._name and self._marker is not None:
            self._clicked()


def _ball(name: str, frame: str, label: str, place: NDArray[np.float64]) -> InteractiveMarker:
    side = 2 * RADIUS_M
    ball = Marker(type=Marker.SPHERE, color=GREEN, scale=Vector3(x=side, y=side, z=side))
    ball.pose.orientation = Quaternion(w=1.0)
    text = Marker(type=Marker.TEXT_VIEW_FACING, color=WHITE, text=label)
    text.scale.z = RADIUS_M
    text.pose = Pose(position=Point(z=1.5 * side), orientation=Quaternion(w=1.0))
    control = InteractiveMarkerControl(
        name='click',
        interaction_mode=InteractiveMarkerControl.BUTTON,
        always_visible=True,
        orientation=Quaternion(w=1.0),
        markers=[ball, text],
    )
    x, y, z = (float(value) for value in place)
    return InteractiveMarker(
        header=Header(frame_id=frame),
        pose=Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(w=1.0)),
        name=name,
        description=label,
        scale=side,
        controls=[control],
    )
