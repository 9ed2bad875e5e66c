"""What is said about a topic's regularity."""

import numpy as np
import pytest
from vla_r1_training.bags.audit import Gap, TopicAudit

MS = 1_000_000


def audit_of(stamps_ms, *, late_ms=0):
    audit = TopicAudit('/topic', 'a_msgs/msg/A')
    for stamp in stamps_ms:
        audit.add(int((stamp + late_ms) * MS), 100, int(stamp * MS))
    return audit.report(announced=len(stamps_ms))


def test_a_steady_topic_has_its_rate_and_no_drops():
    report = audit_of(range(0, 10_000, 20))
    assert report.rate_hz == pytest.approx(50.0)
    assert (report.count, report.size, report.dropped, report.gaps) == (500, 50_000, 0, ())
    assert (report.first_ns, report.last_ns) == (0, 9_980 * MS)


def test_the_rate_is_that_of_the_stamps_however_late_messages_come():
    steady = audit_of(range(0, 10_000, 20), late_ms=300)
    assert steady.rate_hz == pytest.approx(50.0)
    assert steady.first_ns == 300 * MS


def test_drops_are_counted_and_long_gaps_told():
    stamps = [t for t in range(0, 10_000, 20) if not 2_000 <= t < 2_200 and t != 5_000]
    report = audit_of(stamps)
    assert report.dropped == 11
    assert report.gaps == (Gap(1_980 * MS, 2_200 * MS),)


def test_jitter_is_no_drop():
    rng = np.random.default_rng(0)
    report = audit_of(np.arange(0, 20_000, 33.3) + rng.uniform(-8, 8, 601))
    assert report.rate_hz == pytest.approx(30.0, rel=0.1)
    assert report.dropped == 0


def test_what_comes_now_and_then_has_neither_rate_nor_drops():
    rng = np.random.default_rng(0)
    report = audit_of(np.cumsum(rng.exponential(3_000, 40)))
    assert (report.rate_hz, report.dropped, report.gaps) == (None, 0, ())


def test_stamps_that_go_back_are_counted():
    assert audit_of([0, 20, 40, 10, 60]).backwards == 1


def test_memory_does_not_grow_with_the_number_of_messages():
    rng = np.random.default_rng(0)
    audit = TopicAudit('/topic', 'a_msgs/msg/A')
    sizes = []
    stamp = 0
    for count in range(40_000):
        stamp += int(rng.lognormal(17, 1.0))
        audit.add(stamp, 1, stamp)
        if count in (20_000, 39_999):
            sizes.append(len(audit._bins) + len(audit._longest))
    assert sizes[1] < 1.1 * sizes[0]
