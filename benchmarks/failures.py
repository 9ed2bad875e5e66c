"""A contact sheet of what went wrong: the overlay of the answer, and the scene afterwards."""

from collections import Counter
from pathlib import Path
import textwrap

from PIL import Image, ImageDraw
from trial import Result

SIZE = (400, 300)
TEXT_HEIGHT, TEXT_WIDTH, LINES = 64, 150, 4  # [px], [characters]
COLUMNS = 2
MOST, MOST_ALIKE = 24, 3  # tiles; of one robot, task and code


class Failures:
    """Collects pictures of the first failures of each kind."""

    def __init__(self) -> None:
        self._tiles: list[Image.Image] = []
        self._seen: Counter[tuple[str, str, int]] = Counter()

    def add(self, result: Result) -> None:
        """Take a failure's pictures."""
        kind = result.trial.robot, result.trial.task, result.code
        if len(self._tiles) >= MOST or self._seen[kind] >= MOST_ALIKE:
            return
        self._seen[kind] += 1
        tile = Image.new('RGB', (2 * SIZE[0], SIZE[1] + TEXT_HEIGHT), 'white')
        for column, picture in enumerate(result.pictures):
            if picture is not None:
                part = Image.fromarray(picture).resize(SIZE)
                tile.paste(part, (column * SIZE[0], TEXT_HEIGHT))
        lines = [str(result.trial), *textwrap.wrap(result.why, TEXT_WIDTH)]
        ImageDraw.Draw(tile).text((8, 4), '\n'.join(lines[:LINES]), fill='black')
        self._tiles.append(tile)

    def save(self, path: Path) -> bool:
        """Write the sheet; False when nothing failed."""
        if not self._tiles:
            return False
        width, height = self._tiles[0].size
        rows = -(-len(self._tiles) // COLUMNS)
        sheet = Image.new('RGB', (width * min(COLUMNS, len(self._tiles)), height * rows), 'white')
        for number, tile in enumerate(self._tiles):
            row, column = divmod(number, COLUMNS)
            sheet.paste(tile, (column * width, row * height))
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path)
        return True
