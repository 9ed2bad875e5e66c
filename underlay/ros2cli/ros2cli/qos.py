"""Quality of service: options of the command line, and what fits the publishers there are."""

import argparse

from rclpy.duration import Duration
from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSLivelinessPolicy,
    QoSPresetProfiles,
    QoSProfile,
    QoSReliabilityPolicy,
)

_POLICIES = {
    'history': QoSHistoryPolicy,
    'reliability': QoSReliabilityPolicy,
    'durability': QoSDurabilityPolicy,
    'liveliness': QoSLivelinessPolicy,
}


def add_arguments(parser: argparse.ArgumentParser, *, default: str) -> None:
    """Add the --qos-... options; `default` is the short name of a preset profile."""
    parser.add_argument(
        '--qos-profile',
        choices=QoSPresetProfiles.short_keys(),
        default=default,
        help=f'Preset to start from (default: {default})',
    )
    parser.add_argument('--qos-depth', metavar='N', type=int, help='Length of the queue')
    for name, policy in _POLICIES.items():
        parser.add_argument(
            f'--qos-{name}', choices=policy.short_keys(), help=f"Instead of the preset's {name}"
        )
    parser.add_argument(
        '--qos-liveliness-lease-duration-seconds',
        type=float,
        help="Instead of the preset's lease duration [s]",
    )


def is_chosen(args: argparse.Namespace) -> bool:
    """Return whether the command line names any policy, beyond the preset."""
    names = [*_POLICIES, 'depth', 'liveliness_lease_duration_seconds']
    return any(getattr(args, f'qos_{name}') is not None for name in names)


def from_arguments(args: argparse.Namespace) -> QoSProfile:
    """Return the preset, with the policies that the command line names."""
    profile = QoSPresetProfiles.get_from_short_key(args.qos_profile)
    for name, policy in _POLICIES.items():
        if key := getattr(args, f'qos_{name}'):
            setattr(profile, name, policy.get_from_short_key(key))
    if lease := args.qos_liveliness_lease_duration_seconds:
        profile.liveliness_lease_duration = Duration(seconds=lease)
    if args.qos_depth:
        profile.depth = args.qos_depth
    elif profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL and profile.depth == 0:
        profile.depth = 1
    return profile


def adapt(profile: QoSProfile, offers: list[QoSProfile], warn) -> QoSProfile:
    """Return `profile` with the strongest reliability and durability that every offer satisfies.

    Args:
        profile: Where the other policies come from; changed in place.
        offers: What the publishers offer; empty leaves `profile` as it is.
        warn: Called with a sentence when only some of the publishers offer the stronger one.
    """
    if not offers:
        return profile
    for name, strong, weak in (
        ('reliability', QoSReliabilityPolicy.RELIABLE, QoSReliabilityPolicy.BEST_EFFORT),
        ('durability', QoSDurabilityPolicy.TRANSIENT_LOCAL, QoSDurabilityPolicy.VOLATILE),
    ):
        has_strong = [getattr(offer, name) == strong for offer in offers]
        setattr(profile, name, strong if all(has_strong) else weak)
        if any(has_strong) and not all(has_strong):
            warn(
                f'Some, but not all, publishers offer {name} {strong.name}. '
                f'Falling back to {weak.name}, which connects to all of them.'
            )
    return profile
