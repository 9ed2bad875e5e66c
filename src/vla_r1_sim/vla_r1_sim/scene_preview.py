"""Save a picture of a scene, without ROS: `scene_preview --seed 7 --out scene.png`."""

import argparse
import sys

import cv2
import numpy as np

from vla_r1_sim.camera import Camera
from vla_r1_sim.scene import make_scene
from vla_r1_sim.truth import truth, visible_box
from vla_r1_sim.world import World


def main() -> None:
    """Render the scene that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--instruction', default='', help='what it names is in the scene')
    parser.add_argument('--absent', action='store_true', help='leave out what it names')
    parser.add_argument('--truth', action='store_true', help='draw the true boxes and trace')
    parser.add_argument('--width', type=int, default=640)
    parser.add_argument('--height', type=int, default=480)
    parser.add_argument('--out', required=True, metavar='FILE.png')
    args = parser.parse_args()

    world = World(make_scene(args.seed, args.instruction, absent=args.absent))
    with Camera(world.model, args.width, args.height, antialiasing=4) as camera:
        picture = cv2.cvtColor(camera.rgb(world.data), cv2.COLOR_RGB2BGR)
        body_ids = camera.body_ids(world.data)
    answer = truth(world, body_ids)
    lines = []
    for name in world.start_positions:
        box = visible_box(body_ids, world.model.body(name).id)
        if box is None:
            lines.append(f'{name}: out of sight')
            continue
        x, y, width, height = box.to_px(args.width, args.height)
        mark = '  <- named' if name == answer.name else ''
        lines.append(f'{name}: x={x:.0f} y={y:.0f} w={width:.0f} h={height:.0f} px{mark}')
        if args.truth:
            corner = (round(x - width / 2), round(y - height / 2))
            opposite = (round(x + width / 2) - 1, round(y + height / 2) - 1)
            color = (60, 200, 60) if name == answer.name else (150, 150, 150)
            cv2.rectangle(picture, corner, opposite, color, 1)
    if args.truth and answer.trace:
        points = np.rint(answer.trace.to_px(args.width, args.height)).astype(np.int32)
        cv2.polylines(picture, [points], False, (40, 160, 250), 2, cv2.LINE_AA)
        cv2.circle(picture, points[-1], 5, (40, 160, 250), -1, cv2.LINE_AA)
    if not cv2.imwrite(args.out, picture):
        parser.error(f'cannot write {args.out}')
    sys.stdout.write('\n'.join([*lines, f'saved {args.out}', '']))


if __name__ == '__main__':
    main()
