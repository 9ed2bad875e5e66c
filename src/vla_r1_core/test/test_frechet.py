"""The batched ALAF distance against the formula, written out here vertex by vertex."""

from itertools import pairwise
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from vla_r1_core.frechet import alaf_distance

WEIGHTS = {'angle_weight': 0.25, 'length_weight': 0.10}
EPS = 1e-12


def unit(a, b):
    x, y = b[0] - a[0], b[1] - a[1]
    size = math.hypot(x, y)
    return (x / size, y / size) if size >= EPS else (0.0, 0.0)


def tangent(p, i):
    before = unit(p[i - 1], p[i]) if i > 0 else (0.0, 0.0)
    after = unit(p[i], p[i + 1]) if i + 1 < len(p) else (0.0, 0.0)
    total = (before[0] + after[0], before[1] + after[1])
    return unit((0.0, 0.0), total) if math.hypot(*total) >= EPS else before


def length(p, i):
    i = min(i, len(p) - 2)
    return math.dist(p[i], p[i + 1]) if i >= 0 else 0.0


def angle(u, v):
    if u == (0.0, 0.0) or v == (0.0, 0.0):
        return 0.0
    return abs(math.atan2(u[0] * v[1] - u[1] * v[0], u[0] * v[0] + u[1] * v[1]))


def arccos_angle(u, v):
    if u == (0.0, 0.0) or v == (0.0, 0.0):
        return 0.0
    cosine = (u[0] * v[0] + u[1] * v[1]) / (math.hypot(*u) * math.hypot(*v))
    return math.acos(max(-1.0, min(1.0, cosine)))


def formula(p, q, angle_of=angle):
    """Return the distance, row by row of the dynamic program."""

    def cost(i, j):
        a, b = length(p, i), length(q, j)
        if not (a > EPS and b > EPS):
            a, b = a + EPS, b + EPS
        turn = angle_of(tangent(p, i), tangent(q, j))
        return math.dist(p[i], q[j]) + 0.25 * turn + 0.10 * abs(math.log(a / b))

    row = []
    for i in range(len(p)):
        above, row = row, []
        for j in range(len(q)):
            before = [*above[j : j + 1], *above[j - 1 : j][: j > 0], *row[-1:]]
            row.append(max(cost(i, j), min(before)) if before else cost(i, j))
    return row[-1]


def distances(answers, targets, **options):
    arrays = ([np.array(trace, dtype=float) for trace in side] for side in (answers, targets))
    return alaf_distance(*arrays, **WEIGHTS, **options)


# Four decimals, as models write them: a path that turns back up to 1e-8 has no tangent.
# A coarse grid makes repeated points, straight lines and turns on the spot likely.
number = st.one_of(*(st.integers(0, n).map(lambda k, n=n: k / n) for n in (4, 10_000)))
trace = st.lists(st.tuples(number, number), min_size=1, max_size=9)


@pytest.mark.parametrize('angle_of', [angle, arccos_angle], ids=['formula', 'published code'])
@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(trace, trace), min_size=1, max_size=8))
def test_every_pair_of_a_batch_has_the_distance_of_the_formula(angle_of, pairs):
    found = distances(*zip(*pairs, strict=True))
    expected = [formula(p, q, angle_of) for p, q in pairs]
    # 1e-9 of the reward, which is 0.9 (1 - D / 2.43).
    assert np.abs(found - expected).max() <= 1e-9 * 2.43 / 0.9


@pytest.mark.parametrize('angle_of', [angle, arccos_angle], ids=['formula', 'published code'])
@pytest.mark.parametrize('back', [False, True])
def test_parallel_directions_have_the_distance_of_the_formula(angle_of, back):
    ends = np.random.default_rng(2).random((200, 2, 2))
    lines = [np.linspace(a, b, 3).tolist() for a, b in ends]
    others = [line[::-1] if back else line for line in lines]
    expected = [formula(p, q, angle_of) for p, q in zip(lines, others, strict=True)]
    assert np.abs(distances(lines, others) - expected).max() <= 1e-9 * 2.43 / 0.9


def test_long_traces_have_the_distance_of_the_formula():
    rng = np.random.default_rng(0)
    p, q = (rng.random((n, 2)).tolist() for n in (120, 70))
    assert distances([p], [q])[0] == pytest.approx(formula(p, q), abs=1e-12)


def test_the_distance_does_not_depend_on_the_rest_of_the_batch():
    rng = np.random.default_rng(1)
    sides = [[rng.random((n, 2)).tolist() for n in rng.integers(1, 60, 300)] for _ in range(2)]
    for options in ({}, {'samples': 16}):
        together = distances(*sides, **options)
        alone = [distances([p], [q], **options)[0] for p, q in zip(*sides, strict=True)]
        assert (together == alone).all()


def test_two_thousand_points_are_no_obstacle():
    line = np.linspace([0.1, 0.2], [0.8, 0.6], 2000)
    assert distances([line], [line + 0.1]) == pytest.approx(math.sqrt(0.02), abs=1e-8)
    assert distances([line], [line + 0.1], samples=16) == pytest.approx(math.sqrt(0.02))


@settings(deadline=None)
@given(trace, st.integers(1, 4), st.data())
def test_resampled_traces_do_not_depend_on_where_their_points_lie(points, extra, data):
    denser = [points[0]]
    for a, b in pairwise(points):
        parts = sorted(data.draw(st.lists(st.floats(0.0, 1.0), max_size=extra)))
        denser += [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for t in parts]
        denser += [b] * data.draw(st.integers(1, 3))
    other = [(0.1, 0.2), (0.5, 0.1), (0.9, 0.9)]
    first, second = distances([points, denser], [other, other], samples=8)
    assert first == pytest.approx(second, abs=1e-6)


def test_rounding_does_not_turn_a_path_that_goes_back_on_itself():
    # Of eight samples the third and the fourth coincide, on either side of the turn.
    back = [(0.0, 0.0), (1.0, 0.75), (0.0, 0.0), (0.0, 1.0)]
    other = [(0.1, 0.2), (0.5, 0.1), (0.9, 0.9)]
    nearly = [(1e-11, 0.0), *back[1:]]
    assert np.ptp(distances([back, nearly], [other, other], samples=8)) < 1e-9


def test_resampled_points_lie_at_even_distances():
    # A right angle of length 2: of five points the third is the corner, and the path's ends stay.
    corner = [(0.0, 0.0), (0.3, 0.0), (1.0, 0.0), (1.0, 1.0)]
    even = [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (1.0, 1.0)]
    assert distances([corner], [even], samples=5) == pytest.approx(0.0, abs=1e-12)


def test_resampled_traces_of_the_same_shape_differ_by_their_whole_lengths():
    short, long = [(0.5, 0.5), (0.6, 0.5)], [(0.5, 0.5), (0.7, 0.5)]
    expected = 0.1 + 0.10 * math.log(2.0)
    assert distances([short], [long], samples=16) == pytest.approx(expected)
