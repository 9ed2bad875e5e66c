"""Pictures from a bag of the demo: the overlay, a contact sheet and an animation of the motion."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from rosbags.highlevel import AnyReader

SHEET_COLUMNS = 4
SHEET_ROWS = 3
SHEET_WIDTH = 320  # [px] of one picture
LEAD_NS = 500_000_000  # shown before the answer


def read_images(bag: Path, topic: str) -> list[tuple[int, Image.Image]]:
    """Return (time [ns], picture) of every rgb8 image on a topic."""
    with AnyReader([bag]) as reader:
        connections = [c for c in reader.connections if c.topic == topic]
        images = []
        for connection, stamp_ns, raw in reader.messages(connections=connections):
            message = reader.deserialize(raw, connection.msgtype)
            rows = np.asarray(message.data).reshape(message.height, message.step)
            pixels = rows[:, : message.width * 3].reshape(message.height, message.width, 3)
            images.append((stamp_ns, Image.fromarray(pixels)))
        return images


def contact_sheet(frames: list[tuple[int, Image.Image]]) -> Image.Image:
    """Lay evenly spaced frames out in rows, each with its time since the first."""
    count = SHEET_COLUMNS * SHEET_ROWS
    picks = [frames[i] for i in np.linspace(0, len(frames) - 1, count).round().astype(int)]
    first = picks[0][1]
    size = (SHEET_WIDTH, round(SHEET_WIDTH * first.height / first.width))
    sheet = Image.new('RGB', (size[0] * SHEET_COLUMNS, size[1] * SHEET_ROWS))
    for index, (stamp_ns, frame) in enumerate(picks):
        small = frame.resize(size, Image.Resampling.LANCZOS)
        seconds = (stamp_ns - picks[0][0]) / 1e9
        ImageDraw.Draw(small).text(
            (8, 6), f'{seconds:.1f} s', fill='white', stroke_width=1, stroke_fill='black'
        )
        sheet.paste(small, (index % SHEET_COLUMNS * size[0], index // SHEET_COLUMNS * size[1]))
    return sheet


def save_pictures(bag: Path, out: Path, image_topic: str) -> list[Path]:
    """Write overlay.png, motion.png and motion.gif; return the paths written."""
    written = []
    overlays = read_images(bag, '/overlay')
    if overlays:
        overlays[-1][1].save(out / 'overlay.png')
        written.append(out / 'overlay.png')
    frames = read_images(bag, image_topic)
    if overlays:  # from the instruction on
        frames = [frame for frame in frames if frame[0] >= overlays[-1][0] - LEAD_NS]
    if frames:
        contact_sheet(frames).save(out / 'motion.png')
        small = [frame.resize((480, 480 * frame.height // frame.width)) for _, frame in frames]
        gif = [frame.quantize(96, dither=Image.Dither.NONE) for frame in small]
        gif[0].save(out / 'motion.gif', save_all=True, append_images=gif[1:], duration=120, loop=0)
        written += [out / 'motion.png', out / 'motion.gif']
    return written
