from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.dsp import twitch_waveform

TAUS, DECAYS, ONSETS = st.floats(0.005, 1), st.floats(0.3, 10), st.floats(-5, 5)


@given(tau_s=TAUS, decay=DECAYS, onset_s=ONSETS)
def test_it_is_zero_before_its_onset_and_one_at_its_peak_and_nowhere_higher(
    tau_s: float, decay: float, onset_s: float
) -> None:
    time_s = onset_s + np.linspace(-2, 30, 400) * tau_s
    share = twitch_waveform(time_s, onset_s, tau_s, decay)
    assert np.all(share[time_s <= onset_s] == 0)
    assert np.all((share >= 0) & (share <= 1))
    assert twitch_waveform(np.array(onset_s + tau_s), onset_s, tau_s, decay) == pytest.approx(1)


@given(tau_s=TAUS, decay=DECAYS, onset_s=ONSETS, later_s=ONSETS)
def test_a_later_onset_is_a_later_twitch(tau_s: float, decay: float, onset_s: float, later_s: float) -> None:
    time_s = np.linspace(-6, 6, 200)
    shifted = twitch_waveform(time_s + later_s, onset_s + later_s, tau_s, decay)
    assert shifted == pytest.approx(twitch_waveform(time_s, onset_s, tau_s, decay), abs=1e-6)


def test_the_fall_takes_decay_times_as_long_as_with_a_decay_of_one() -> None:
    after_s = np.linspace(0, 0.3, 50)
    slow = twitch_waveform(0.1 + 2 * after_s, 0.0, 0.1, 2.0)
    assert slow == pytest.approx(twitch_waveform(0.1 + after_s, 0.0, 0.1, 1.0))
