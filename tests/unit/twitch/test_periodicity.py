"""A beat in the onsets: found where there is one, at its frequency and lag."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.twitch.event_builders import FEATURES, LEFT_BROW, RIGHT_LID, at, on_clock, poisson_onsets, train
from vision.model.features import Periodicity
from vision.twitch.periodicity import measure_periodicity
from vision.twitch.trains import site_trains


def beat_of(onsets_s: list[float], observed_s: float = 24.0, **options: float) -> Periodicity | None:
    events = at(onsets_s, observed_s=observed_s, **options)
    return measure_periodicity(site_trains(events), events, FEATURES, 0)


@pytest.mark.parametrize("rate_hz", [1.3, 3.0, 6.4])
@pytest.mark.parametrize("snap", [True, False])
def test_a_clock_is_found_at_its_rate(rate_hz: float, snap: bool) -> None:
    onsets_s = (0.5 + np.arange(int(20 * rate_hz)) / rate_hz).tolist()
    found = beat_of(on_clock(onsets_s) if snap else onsets_s)
    assert found is not None
    assert found.z2_hz == pytest.approx(rate_hz, abs=0.05)
    assert found.lag_s * rate_hz == pytest.approx(round(found.lag_s * rate_hz), abs=0.05 * rate_hz)
    assert found.z2_p < 0.01
    assert found.autocorrelation_p < 0.01


def test_z2_is_its_definition() -> None:
    """Buccheri et al. 1983: Z²_n = 2/N × the sum over k = 1..n of |sum exp(2 pi i k f t)|²."""
    rng = np.random.default_rng(1)
    onset_s = np.sort(np.round(rng.uniform(0, 20, 40) * 60) / 60)  # on half frames: no rounding within bins
    onset_s = np.unique(onset_s)
    found = beat_of(onset_s.tolist(), dead_time_s=0.0)
    assert found is not None
    terms = [np.abs(np.exp(2j * np.pi * k * found.z2_hz * onset_s).sum()) ** 2 for k in (1, 2)]
    assert found.z2 == pytest.approx(2 / len(onset_s) * sum(terms), rel=1e-6)


def test_chance_shows_no_beat_more_often_than_said() -> None:
    rng = np.random.default_rng(2)
    found = [beat_of(on_clock(poisson_onsets(rng, 2.0, 24.0, 0.1))) for _ in range(100)]
    for name in ("z2_p", "autocorrelation_p"):
        assert sum(x is not None and getattr(x, name) <= 0.05 for x in found) <= 14  # binomial: 99.9 %


def test_the_busiest_site_is_read_and_few_events_are_not() -> None:
    rows = [(1.0 + 0.4 * i, RIGHT_LID) for i in range(30)] + [(1.3 + 1.7 * i, LEFT_BROW) for i in range(11)]
    events = train(rows)
    found = measure_periodicity(site_trains(events), events, FEATURES, 0)
    assert found is not None
    assert found.event_count == 30
    assert found.z2_hz == pytest.approx(2.5, abs=0.05)
    assert beat_of([1.0 + i for i in range(9)]) is None
    assert beat_of([]) is None
    assert beat_of([3.0] * 20) is None


def test_trains_shorter_than_the_slowest_beat_are_read() -> None:
    """A clock of 6 Hz in three pieces of 0.7 s, parted by gaps: lags up to 2 s are asked for."""
    onsets_s = [4.0 * piece + beat / 6 for piece in range(3) for beat in range(4)]
    found = beat_of(onsets_s, 9.0, intervals_s=((0.0, 0.7), (4.0, 4.7), (8.0, 8.7)))
    assert found is not None
    assert found.event_count == 12
    assert found.lag_s <= 2.0
