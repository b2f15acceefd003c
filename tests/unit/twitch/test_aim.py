"""Which seeds see one site."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.test_detect import candidate
from vision.twitch.aim import SHADOW_SHARE, _shared, _Sight


def sight(peaks_s: np.ndarray) -> _Sight:
    return _Sight([candidate(float(one)) for one in peaks_s], None, 1.0, [])


BUSY_S = np.arange(1.0, 59.0, 0.125)


@given(st.integers(0, 10_000))
def test_beside_a_busy_site_another_that_twitches_by_itself_is_no_shadow(seed: int) -> None:
    """At 8 a second four fifths of all moments lie within 50 ms of a twitch."""
    own_s = np.random.default_rng(seed).uniform(1, 59, 200)
    assert _shared(sight(own_s), sight(BUSY_S)) < SHADOW_SHARE


def test_what_moves_with_a_busy_site_each_time_is_its_shadow() -> None:
    assert _shared(sight(BUSY_S[::3] + 0.01), sight(BUSY_S)) > 0.9
