"""Time of one tf2 lookup through a chain of frames, every one of them moving.

Works with any `tf2_ros`, the real one or the stand-in.
"""

import argparse
from statistics import median
from time import perf_counter

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from machine import machine
from tf2_ros import BufferCore

STEP_NS = 10_000_000


def fill(links: int, samples: int) -> BufferCore:
    """A chain f0 <- f1 <- ... whose links have `samples` stamps, 10 ms apart."""
    buffer = BufferCore()
    for i in range(links):
        for k in range(1, samples + 1):
            link = TransformStamped()
            link.header.stamp = Time(sec=0, nanosec=k * STEP_NS)
            link.header.frame_id = f'f{i}'
            link.child_frame_id = f'f{i + 1}'
            link.transform.translation.x = 0.01 * k
            angle = 0.01 * k
            link.transform.rotation.z = angle / (1.0 + angle**2) ** 0.5
            link.transform.rotation.w = 1.0 / (1.0 + angle**2) ** 0.5
            buffer.set_transform(link, 'bench')
    return buffer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--links', type=int, default=10, help='transforms in the chain')
    parser.add_argument('--lookups', type=int, default=5000, help='lookups to time')
    args = parser.parse_args()

    samples = 90
    buffer = fill(args.links, samples)
    tip = f'f{args.links}'
    times_us = []
    for k in range(args.lookups):
        # Between two stamps, so that every link is interpolated.
        stamp = Time(sec=0, nanosec=(k % (samples - 1) + 1) * STEP_NS + STEP_NS // 3)
        start = perf_counter()
        buffer.lookup_transform_core('f0', tip, stamp)
        times_us.append((perf_counter() - start) * 1e6)
    times_us.sort()
    print(
        f'tf2 lookup through {args.links} moving links: median {median(times_us):.0f} us, '
        f'p99 {times_us[int(0.99 * len(times_us))]:.0f} us ({args.lookups} lookups, {machine()})'
    )


if __name__ == '__main__':
    main()
