"""A contact sheet of what went wrong: the overlay of the answer, and the scene afterwards."""

from pathlib import Path
import textwrap

from cell import Cell
import numpy as np
from PIL import Image, ImageDraw
from sensor_msgs.msg import Image as ImageMsg

IMAGE = '/camera/camera/color/image_raw'
SIZE = (480, 360)
TEXT_HEIGHT = 64
MOST = 12


class Failures:
    """Collects pictures of the first failures."""

    def __init__(self) -> None:
        self._tiles: list[Image.Image] = []

    def add(self, cell: Cell, title: str, reason: str) -> None:
        """Take the answer's overlay and a picture of now."""
        if len(self._tiles) >= MOST:
            return
        tile = Image.new('RGB', (2 * SIZE[0], SIZE[1] + TEXT_HEIGHT), 'white')
        for column, message in enumerate((cell.overlay, cell.newest(ImageMsg, IMAGE))):
            if message is not None:
                tile.paste(_picture(message).resize(SIZE), (column * SIZE[0], TEXT_HEIGHT))
        lines = [title, *textwrap.wrap(reason, 150)]
        ImageDraw.Draw(tile).text((8, 6), '\n'.join(lines[:4]), fill='black')
        self._tiles.append(tile)

    def save(self, path: Path) -> bool:
        """Write the sheet; False when nothing failed."""
        if not self._tiles:
            return False
        width, height = self._tiles[0].size
        sheet = Image.new('RGB', (width, height * len(self._tiles)))
        for row, tile in enumerate(self._tiles):
            sheet.paste(tile, (0, row * height))
        sheet.save(path)
        return True


def _picture(message: ImageMsg) -> Image.Image:
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    return Image.fromarray(rows[:, : 3 * message.width].reshape(message.height, message.width, 3))
