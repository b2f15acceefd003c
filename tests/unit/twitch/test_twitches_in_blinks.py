"""A twitch during a blink is seen where blinks move nothing, however many blinks fall into bursts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import Planted, face, film, findings, grid, local_motion, unmatched
from vision.model.arrays import FloatArray
from vision.model.signals import MotionSignals

BLINKS_S = (2.0, 4.5, 7.0, 9.5, 12.0, 14.5)
BLINK_LASTS_S = 0.2
EVERY_S = 0.24
SITE_PX = (-20.0, 8.0)


def aperture(signals: MotionSignals) -> FloatArray:
    closed = np.zeros(len(signals.time_s))
    for start_s in BLINKS_S:
        closed += np.clip(1 - np.abs(signals.time_s - start_s - BLINK_LASTS_S / 2) / (BLINK_LASTS_S / 2), 0, 1)
    return np.repeat((0.3 - 0.27 * closed)[:, None], 2, axis=1)


def bursts(blinks_s: tuple[float, ...], amplitude_px: float) -> list[Planted]:
    """A burst around each of some blinks."""
    onsets_s = [start_s - 0.5 + EVERY_S * number for start_s in blinks_s for number in range(5)]
    return [Planted(onset_s, *SITE_PX, amplitude_px) for onset_s in onsets_s]


def lid_motion(amplitude_px: float, blinks_s: tuple[float, ...] = BLINKS_S, direction_rad: float = -1.2) -> FloatArray:
    """What blinks make of the skin at the site."""
    lids = [Planted(at, *SITE_PX, amplitude_px, direction_rad, decay=1.0) for at in blinks_s]
    return local_motion(film(noise_px=0.0).time_s, grid(), lids)


@given(st.sets(st.sampled_from(BLINKS_S), min_size=2, max_size=4), st.floats(0.3, 1.5))
@settings(max_examples=6, deadline=None)
def test_bursts_in_most_blinks_do_not_hide_themselves(in_bursts: set[float], amplitude_px: float) -> None:
    planted = bursts(tuple(sorted(in_bursts)), amplitude_px)
    signals = film(planted, seed=3)
    events = findings(signals, face(signals, eye_aperture=aperture(signals))).events
    assert [one.kind for one in events.rejected].count("blink") == len(BLINKS_S)
    missed, made_up = unmatched(planted, events.events)
    assert len(missed) <= 1
    assert not made_up


@pytest.mark.parametrize(
    "lids",
    [lid_motion(0.4), lid_motion(1.0), lid_motion(1.0, BLINKS_S[::2] + BLINKS_S[1:2], -0.6)],
    ids=["every blink, weak", "every blink", "full blinks among partial ones, obliquely"],
)
def test_what_blinks_do_is_no_twitch(lids: FloatArray) -> None:
    planted = [Planted(3.0 + EVERY_S * number, *SITE_PX, 0.5) for number in range(5)]
    planted += [Planted(one.onset_s + 5.0, *SITE_PX, 0.5) for one in planted]
    signals = film(planted, seed=3, extra_px=lids)
    events = findings(signals, face(signals, eye_aperture=aperture(signals))).events
    missed, made_up = unmatched(planted, events.events)
    assert not missed
    assert not made_up
