"""What cameras' calibrations a bag holds, and which one belongs to an image."""

from dataclasses import dataclass
from typing import Any

from vla_r1_core.geometry import CameraModel

_KEPT = 100  # of a topic: a zooming camera has as many calibrations as images


class CalibrationError(ValueError):
    """There is no calibration for an image; the text says why."""


@dataclass(frozen=True)
class Calibration:
    """A CameraInfo: copied, because arrays in a message hold on to the bytes around them."""

    frame: str
    width: int
    height: int
    model: str
    d: tuple[float, ...]
    k: tuple[float, ...]
    p: tuple[float, ...]

    @classmethod
    def of(cls, message: Any) -> 'Calibration':
        """Copy a message."""
        arrays = (tuple(map(float, values)) for values in (message.d, message.k, message.p))
        frame = message.header.frame_id.lstrip('/')
        return cls(frame, message.width, message.height, message.distortion_model, *arrays)

    def camera(self, *, rectified: bool) -> CameraModel:
        """Return the camera; of a rectified image by the projection matrix, without distortion.

        Raises:
            ValueError: it is not calibrated, or its distortion is of another kind.
        """
        size = self.width, self.height
        if rectified:
            fx, _, cx, _, _, fy, cy, *_ = self.p
            return CameraModel.from_calibration([fx, 0, cx, 0, fy, cy, 0, 0, 1], (), *size)
        return CameraModel.from_calibration(self.k, self.d, *size, self.model)


class Calibrations:
    """Those of a bag.

    Args:
        topic: that counts, whatever its frame; empty: each that has the image's frame.
    """

    def __init__(self, topic: str) -> None:
        self._wanted = topic
        self._known: dict[str, list[tuple[int, Calibration]]] = {}

    def add(self, topic: str, message: Any, stamp: int) -> None:
        """Take in a CameraInfo; kept only when it differs from the one before."""
        known = self._known.setdefault(topic, [])
        calibration = Calibration.of(message)
        if not known or known[-1][1] != calibration:
            known.append((stamp, calibration))
        del known[:-_KEPT]

    def camera(
        self, frame: str, stamp: int, size: tuple[int, int], *, rectified: bool
    ) -> CameraModel:
        """Return the camera of an image.

        Args:
            frame: of the image.
            stamp: of the image [ns].
            size: its width and height [px].
            rectified: whether it is free of distortion.

        Raises:
            CalibrationError: there is none that fits.
        """
        reason = f'no camera_info in {frame}'
        for topic, known in sorted(self._known.items()):
            if self._wanted and topic != self._wanted:
                continue
            fitting = [(s, c) for s, c in known if self._wanted or c.frame == frame]
            if not fitting:
                continue
            _, found = max(fitting, key=lambda entry: (entry[0] <= stamp, -abs(entry[0] - stamp)))
            if (found.width, found.height) != size:
                reason = f'camera_info is for {found.width} x {found.height}'
                continue
            try:
                return found.camera(rectified=rectified)
            except ValueError as error:
                reason = str(error)
        raise CalibrationError(reason)
