"""Both sides of a face, told from one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import face, film, limb
from vision.twitch.pairs import common_size, filled, sides_px, together, tremble

LIDS = ("upper-eyelid", "upper-eyelid")


def test_outward_and_down_count_alike_on_both_sides() -> None:
    signals = film(duration_s=2, noise_px=0.0)
    outward = np.sign(signals.point_px[:, 0] - signals.point_px[:, 0].mean())
    displaced = np.stack([2.0 * outward, np.ones(len(outward))], 1)[None].repeat(len(signals.time_s), 0)
    moved = replace(signals, displacement_px=displaced.astype(np.float32))
    sides = sides_px(moved, face(moved, names=LIDS), "upper-eyelid")
    np.testing.assert_allclose(sides, np.broadcast_to([2.0, 1.0], sides.shape))
    mirrored = replace(moved, point_px=moved.point_px * (-1, 1), displacement_px=moved.displacement_px * (-1, 1))
    np.testing.assert_allclose(sides_px(mirrored, face(mirrored, names=LIDS), "upper-eyelid"), sides)


def test_what_is_not_in_view_is_not_known() -> None:
    signals = film(duration_s=2)
    assert np.isnan(sides_px(signals, limb(signals), "upper-eyelid")).all()
    assert np.isnan(sides_px(signals, face(signals), "upper-eyelid")).all()
    assert (
        filled(signals.time_s, np.full((len(signals.time_s), 1), np.nan), np.zeros(len(signals.time_s), bool)) is None
    )


@settings(max_examples=50, deadline=None)
@given(st.floats(0.1, 5), st.floats(-1, 1))
def test_both_count_as_one_where_one_goes_half_of_the_others_way(way: float, share: float) -> None:
    right, left = np.array([[way]]), np.array([[share * way]])
    common = float(together(right, left)[0, 0])
    assert common == pytest.approx(way * (1 + share) / 2 if share >= 0.5 else 0.0)
    assert common == pytest.approx(float(together(left, right)[0, 0]))


def test_a_way_counts_by_what_both_sides_tremble_by() -> None:
    noise = np.random.default_rng(1).standard_normal((2000, 2))
    quiet = common_size(0.01 * noise[:, 0], 0.01 * noise[:, 1], least=1.0)
    loud = common_size(noise[:, 0], noise[:, 1], least=1.0)
    assert quiet.max() < 0.1
    assert loud.max() < 1
    np.testing.assert_allclose(tremble(noise[:, :1], np.zeros((2000, 1))), 1.0, rtol=0.1)
