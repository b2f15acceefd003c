"""How far a fitted footprint may correct the height of a course."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.test_detect import candidate
from vision.twitch.footprint import Footprint
from vision.twitch.localise import AMPLITUDE_RANGE, LARGEST_EXTRAPOLATION, PLAIN_EXPLAINED, correction

REPEATED = candidate(1.0)
LONE, LASTING = replace(REPEATED, is_single=True), replace(REPEATED, is_continuous=True)


def footprint(height_px: float, explained: float) -> Footprint:
    return Footprint(0.0, 0.0, 8.0, (height_px, 0.0), explained)


@given(st.floats(AMPLITUDE_RANGE[0], 20.0), st.floats(PLAIN_EXPLAINED, 1.0), st.floats(0.1, 5.0))
def test_a_plain_footprint_gives_a_sites_twitches_its_own_height(ratio: float, explained: float, seen: float) -> None:
    """However far from its centre, or however wide, the seed was by which they were found."""
    height_px = max(ratio, 1.001 * AMPLITUDE_RANGE[0]) * seen
    found = correction(footprint(height_px, explained), seen, 0.3 * height_px, REPEATED)
    assert seen * found == pytest.approx(height_px)


@given(st.floats(0.0, 100.0), st.floats(0.001, 1.0), st.sampled_from([LONE, LASTING]))
def test_lone_and_lasting_movements_are_corrected_a_little(ratio: float, explained: float, event) -> None:
    least, most = AMPLITUDE_RANGE
    assert least <= correction(footprint(ratio, explained), 1.0, 1.0, event) <= most


@pytest.mark.parametrize(
    ("height_px", "explained"),
    [(3.0, PLAIN_EXPLAINED - 0.01), (1.01 * LARGEST_EXTRAPOLATION, 1.0)],
    ids=["explains little", "has left what is tracked"],
)
def test_a_doubtful_footprint_of_a_site_corrects_a_little_too(height_px: float, explained: float) -> None:
    assert correction(footprint(height_px, explained), 1.0, 1.0, REPEATED) == AMPLITUDE_RANGE[1]


def test_a_footprint_that_explains_nothing_corrects_nothing() -> None:
    assert correction(footprint(3.0, 0.0), 1.0, 1.0, REPEATED) == 1.0
