"""Laws of the statistics: what must not change when times shift, sides swap or names are permuted."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.unit.twitch.event_builders import (
    CHIN,
    FEATURES,
    LEFT_BROW,
    LEFT_CHEEK,
    RIGHT_CHEEK,
    RIGHT_LID,
    RIGHT_MOUTH,
    Spot,
    call_of,
    event,
    event_set,
    features_of,
)  # fmt: skip
from vision.model.events import EventSet
from vision.model.features import PATTERN_LABELS, Features
from vision.twitch.eyelids import find_closures
from vision.twitch.rates import poisson_interval
from vision.twitch.trains import merged_spans, site_trains, total_s

SPOTS = (RIGHT_LID, RIGHT_CHEEK, RIGHT_MOUTH, CHIN, LEFT_CHEEK, LEFT_BROW)
OBSERVED_S = 24.0

# Whole milliseconds: shifting them by whole seconds keeps intervals the same to the last bits that matter.
# Whole tenths are frame times of 30 a second as well: such trains lie on the clock.
moments = st.integers(0, 23_000).map(lambda ms: ms / 1000)
tenths = st.integers(0, 230).map(lambda tenth: tenth / 10)
rows = st.lists(st.tuples(moments, st.sampled_from(SPOTS), st.sampled_from([0.0, 0.1, 0.25, 1.5])), max_size=30)
on_frames = st.lists(st.tuples(tenths, st.sampled_from(SPOTS), st.sampled_from([0.0, 0.1, 0.25, 1.5])), max_size=30)
quick = settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.generate))  # no shrinking: minutes


def made(timeline: list[tuple[float, Spot, float]], shift_s: float = 0.0) -> EventSet:
    events = [event(i, t + shift_s, spot, long) for i, (t, spot, long) in enumerate(timeline, 1)]
    return event_set(events, OBSERVED_S, ((shift_s, OBSERVED_S + shift_s),))


def same(a: object, b: object) -> bool:
    """Equal up to rounding, None only with None."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(b == (pytest.approx(a, rel=1e-6, abs=1e-6) if isinstance(a, float) else a))


def differing(a: Features, b: Features) -> list[str]:
    there = numbers(b)
    return [name for name, value in numbers(a).items() if not same(value, there[name])]


def numbers(features: Features) -> dict[str, object]:
    return {f"{part}.{key}": value for part, row in asdict(features).items() for key, value in row.items()}


@quick
@given(rows | on_frames)
def test_any_events_give_a_clear_answer(timeline: list[tuple[float, Spot, float]]) -> None:
    events = made(timeline)
    features = features_of(events)
    duty = features.frequency.duty_cycle
    assert duty is not None
    assert 0 <= duty <= 1
    assert features.frequency.event_count == len({(spot.site, onset_s) for onset_s, spot, _ in timeline})
    for value in (features.rhythmicity.surrogate_p, features.spread.dispersion_p, features.spread.migration_p):
        assert value is None or 0 <= value <= 1
    assert not any(isinstance(value, float) and np.isnan(value) for value in numbers(features).values())
    call = call_of(events)
    assert call.label in PATTERN_LABELS
    assert sum(call.probability.values()) == pytest.approx(1.0)
    assert call.reasons


@quick
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_events_says_nothing(timeline: list[tuple[float, Spot, float]], random: object) -> None:
    events = made(timeline)
    shuffled = list(events.events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert differing(features_of(events), features_of(replace(events, events=tuple(shuffled)))) == []


@quick
@given(rows, st.integers(1, 100))
def test_shifting_time_changes_no_figure(timeline: list[tuple[float, Spot, float]], shift_s: int) -> None:
    here, there = features_of(made(timeline)), features_of(made(timeline, float(shift_s)))
    assert differing(here, there) == []


@quick
@given(rows)
def test_mirroring_swaps_sides_only(timeline: list[tuple[float, Spot, float]]) -> None:
    swap = {"left": "right", "right": "left", "midline": "midline", "both": "both", None: None}
    mirrored = [(t, s._replace(side=swap[s.side], x_px=500.0 - s.x_px), long) for t, s, long in timeline]
    here, there = features_of(made(timeline)), features_of(made(mirrored))
    assert there.spread.laterality == swap[here.spread.laterality]
    assert set(differing(here, there)) <= {
        "spread.laterality", "spread.recruitment", "spread.recruitment_steps",
    }  # fmt: skip
    assert call_of(made(mirrored)).label == call_of(made(timeline)).label


@quick
@given(rows, st.floats(1.0, 22.0))
def test_no_interval_crosses_a_gap(timeline: list[tuple[float, Spot, float]], cut_s: float) -> None:
    events = made(timeline)
    parted = replace(
        events, observed_intervals_s=((0.0, cut_s), (cut_s + 1.0, OBSERVED_S)), observed_s=OBSERVED_S - 1.0
    )
    for train in site_trains(parted):
        assert np.all(train.interval_s > 0)
        before = train.onset_s < cut_s
        assert before.all() or not before.any()


@given(st.integers(0, 2000))
def test_intervals_hold_their_count_and_rise_with_it(count: int) -> None:
    low, high = poisson_interval(count)
    assert low <= count <= high
    assert poisson_interval(count + 1) > (low, high)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 9)).map(lambda p: (float(p[0]), float(sum(p))))))
def test_merged_spans_are_apart_and_cover_the_same(spans: list[tuple[float, float]]) -> None:
    merged = merged_spans(spans)
    assert all(b < later for (_, b), (later, _) in pairwise(merged))
    covered = {t for a, b in spans for t in range(int(a), int(b))}
    assert total_s(merged) == len(covered)


@quick
@given(st.lists(st.integers(20, 560), max_size=12), st.integers(0, 2**32 - 1))
def test_swapping_the_eyes_swaps_the_sides(middles: list[int], seed: int) -> None:
    time_s = np.arange(600) / 30
    aperture = 0.3 + np.random.default_rng(seed).normal(0, 0.01, (600, 2))
    for i, middle in enumerate(middles):
        aperture[middle : middle + 6, : 1 + i % 2] *= 0.2
    here = find_closures(time_s, aperture, FEATURES)
    there = find_closures(time_s, aperture[:, ::-1], FEATURES, sides=("left", "right"))
    assert [(c.onset_s, c.offset_s, set(c.sides), c.is_blink) for c in there] == [
        (c.onset_s, c.offset_s, set(c.sides), c.is_blink) for c in here
    ]
    assert all(c.onset_s <= c.peak_s <= c.offset_s for c in here)
