"""Time from a box and a depth image to ranked grasps, and their error, on seeded renders.

The simulator's depth has noise and holes; its truth gives the boxes and the errors.
"""

import os

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it when it is imported

import argparse
from statistics import median
import sys
from time import perf_counter

import mujoco
import numpy as np
from vla_r1_core.errors import GroundingError
from vla_r1_core.geometry import CameraModel
from vla_r1_planner.config import gripper_of, PlannerConfig, workspace_of
from vla_r1_planner.depth import DepthView
from vla_r1_planner.grounding import ground_box
from vla_r1_sim.camera import Camera, DepthNoise
from vla_r1_sim.scene import make_scene
from vla_r1_sim.truth import visible_box
from vla_r1_sim.world import World

NEEDED_MS = 10.0
REPEATS = 5
SIZES = ((640, 480), (1280, 720))
DISTORTIONS = ((), (-0.05, 0.06, 0.0004, -0.0003, -0.02))


def main() -> int:
    """Print a line for each image size; exit status 1 when one is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--scenes', type=int, default=10)
    args = parser.parse_args()
    gripper, workspace = gripper_of(PlannerConfig()), workspace_of(PlannerConfig())
    slow = False
    for width, height in SIZES:
        times, undistorting, errors, failures = [], [], [], []
        for seed in range(args.scenes):
            world = World(make_scene(seed, ''))
            with Camera(world.model, width, height) as camera:
                i, mount = camera.intrinsics, camera.mounting
                depth = DepthNoise(seed, sigma=0.001, holes=0.005).apply(camera.depth(world.data))
                ids = camera.body_ids(world.data)
            pose = np.eye(4)
            pose[:3, :3], pose[:3, 3] = mount.rotation, mount.translation
            for item in world.scene.objects:
                body = mujoco.mj_name2id(world.model, mujoco.mjtObj.mjOBJ_BODY, item.name)
                box = visible_box(ids, body)
                for distortion, into in zip(DISTORTIONS, (times, undistorting), strict=True):
                    model = CameraModel(i.fx, i.fy, i.cx, i.cy, width, height, distortion)
                    view = DepthView(depth, model, pose)
                    for _ in range(REPEATS):
                        start = perf_counter()
                        try:
                            found = ground_box(view, box, gripper, workspace)
                        except GroundingError as error:
                            found = error
                        into.append(1000 * (perf_counter() - start))
                    if distortion:
                        continue
                    if isinstance(found, GroundingError):
                        failures.append(f'seed {seed} {item.name}: {found}')
                        continue
                    truth = world.object_position(item.name)[:2]
                    errors.append(1000 * np.linalg.norm(found.outline.centre - truth))
        slow |= median(times) > NEEDED_MS or median(undistorting) > NEEDED_MS
        print(
            f'{width}x{height}: p50 {median(times):.1f} ms, '
            f'p95 {np.percentile(times, 95):.1f} ms, '
            f'with lens distortion p50 {median(undistorting):.1f} ms '
            f'(needed: {NEEDED_MS:.0f} ms); error of the centre p50 {median(errors):.1f} mm, '
            f'worst {max(errors):.1f} mm; '
            f'{len(failures)} of {len(failures) + len(errors)} objects refused'
        )
        for failure in failures:
            print(f'  {failure}')
    return int(slow)


if __name__ == '__main__':
    sys.exit(main())
