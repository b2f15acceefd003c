from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.errors import NothingToMeasureError
from vision.locate.assemble import LONGEST_BRIDGE_S, Sighting, assemble, bridged, interpolated, nothing_seen, smoothed

times = st.lists(st.integers(0, 400), min_size=2, max_size=30, unique=True).map(lambda ms: np.sort(ms) / 40.0)


@given(times)
def test_interpolation_goes_through_every_sighting(at_s):
    values = np.sin(at_s)[:, None].astype(np.float32)
    assert np.allclose(interpolated(at_s, at_s, values), values, atol=1e-6)


@given(times, st.floats(0.02, 0.5))
def test_smoothing_leaves_a_constant_alone(at_s, sd_s):
    assert np.allclose(smoothed(at_s, np.full((len(at_s), 3), 5.0, np.float32), sd_s), 5.0)


@given(times)
def test_smoothing_commutes_with_reversing_time(at_s):
    values = np.cos(7 * at_s).astype(np.float32)[:, None]
    backwards = smoothed((at_s[-1] - at_s)[::-1], values[::-1], 0.11)[::-1]
    assert np.allclose(smoothed(at_s, values, 0.11), backwards, atol=1e-5)


@given(times, st.data())
def test_nothing_is_carried_across_a_long_gap(at_s, draw):
    good = np.array(draw.draw(st.lists(st.booleans(), min_size=len(at_s), max_size=len(at_s))))
    frame_s = np.arange(0, 10.5, 1 / 30)
    seen = bridged(frame_s, at_s, good, LONGEST_BRIDGE_S)
    for time_s in frame_s[seen]:
        assert np.abs(at_s[good] - time_s).min() <= LONGEST_BRIDGE_S


@given(times)
def test_a_sighting_that_showed_nothing_is_bridged_only_between_two_near_ones(at_s):
    assert not bridged(at_s, at_s, np.zeros(len(at_s), bool), LONGEST_BRIDGE_S).any()
    near = np.arange(0, 1, 0.1)
    good = np.arange(10) != 4
    assert bridged(near, near, good, LONGEST_BRIDGE_S).all()
    assert not bridged(near, near, good, 0.1)[4]


def sighting(time_s, aperture=0.3, x_px=10.0):
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], float) + x_px
    return Sighting(
        time_s,
        np.array([True]),
        square[None],
        20.0,
        np.full((1, 3), 100.0),
        np.array([aperture, np.nan]),
        np.full((2, 4, 2), x_px),
        np.zeros(3),
        np.full((2, 2), 0.01),
        np.zeros(2),
        np.full(3, 0.25),
    )


def test_a_blink_stays_sharp_while_places_are_smoothed():
    sightings = [sighting(0.1 * k, 0.0 if k == 5 else 0.3, 50.0 if k == 5 else 10.0) for k in range(11)]
    track = assemble("eye", [0.1 * k for k in range(11)], sightings, ("lower-eyelid",), (None,))
    assert track.eye_aperture[5, 0] == pytest.approx(0.0, abs=1e-6)
    assert 10 < track.outline_px[5, 0, 0, 0] < 50
    assert np.isnan(track.eye_aperture[:, 1]).all()


def test_frames_between_are_interpolated_and_a_long_absence_is_not():
    shown = [sighting(0.0, x_px=0.0), sighting(0.4, x_px=4.0)]
    absent = [nothing_seen(0.4 + 0.1 * k, 1, 4, 4) for k in range(1, 10)]
    frame_s = list(np.arange(0, 1.35, 0.05))
    track = assemble("eye", frame_s, [*shown, *absent, sighting(1.4)], ("lower-eyelid",), (None,))
    assert track.seen[:9, 0].all()
    assert not track.seen[9:, 0].any()
    assert np.isnan(track.outline_px[9:]).all()
    assert np.isnan(track.scale_px[9:]).all()


def test_no_measured_frame_is_refused():
    with pytest.raises(NothingToMeasureError, match="no frame"):
        assemble("eye", [0.0], [], ("lower-eyelid",), (None,))
