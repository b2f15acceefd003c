"""Which seeds see one site, and what they see together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.test_detect import candidate
from vision.twitch.aim import SHADOW_SHARE, _joined, _shared, _Sight

RATE_HZ = 30.0


def sight(peaks_s: np.ndarray, amplitude_px: float = 1.0, hidden: np.ndarray | None = None) -> _Sight:
    frames = np.round(np.asarray(peaks_s) * RATE_HZ).astype(int)
    events = [
        replace(candidate(float(peak_s)), frame=int(frame), amplitude_px=amplitude_px)
        for peak_s, frame in zip(peaks_s, frames, strict=True)
    ]
    watched = np.ones(1800, bool) if hidden is None else ~hidden
    return _Sight([one for one in events if watched[one.frame]], None, 1.0, [], watched)


BUSY_S = np.arange(1.0, 59.0, 0.125)


@given(st.integers(0, 10_000))
def test_beside_a_busy_site_another_that_twitches_by_itself_is_no_shadow(seed: int) -> None:
    """At 8 a second four fifths of all moments lie within 50 ms of a twitch."""
    own_s = np.random.default_rng(seed).uniform(1, 59, 200)
    assert _shared(sight(own_s), sight(BUSY_S)) < SHADOW_SHARE


def test_what_moves_with_a_busy_site_each_time_is_its_shadow() -> None:
    assert _shared(sight(BUSY_S[::3] + 0.01), sight(BUSY_S)) > 0.9


@given(
    st.lists(st.floats(1.0, 58.0), min_size=6, max_size=40, unique_by=lambda peak_s: round(4 * peak_s)),
    st.floats(0.3, 2.0),
)
def test_what_a_smile_hides_from_the_best_seed_another_of_the_site_may_see(peaks: list[float], share: float) -> None:
    """Nothing is counted twice, nothing is taken where both could see, heights are the best seed's."""
    peaks_s = np.sort(np.array(peaks))
    peaks_s = peaks_s[np.r_[True, np.diff(peaks_s) > 0.2]]
    smile = (np.arange(1800) > 600) & (np.arange(1800) < 1200)
    best, other = sight(peaks_s, hidden=smile), sight(peaks_s, share)
    joined = _joined(best, other, smile, 0.1)
    if not best.events:
        assert joined is best
        return
    assert [one.peak_s for one in joined.events] == list(peaks_s)
    assert np.allclose([one.amplitude_px for one in joined.events], 1.0)
    assert joined.watched.all()
    assert _joined(best, other, np.zeros(1800, bool), 0.1) is best
