"""The median of several frames is quieter than one, and as sharp."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.motion.pictures import HEIGHT, SETTINGS, WIDTH, another, around_middle, moved_by, picture, reference
from vision.motion.average import average_seen, seen_in_reference
from vision.motion.reference import smoothed
from vision.motion.register import register

MIDDLE = np.s_[20:-20, 20:-20]
SHIFTS = [np.column_stack([np.eye(2), [0.31 * index, -0.17 * index]]) for index in range(5)]


def clean() -> np.ndarray:
    return smoothed(picture(), SETTINGS.presmooth_px)


def frames(noise_sd: float) -> list[np.ndarray]:
    drawn = [picture(moved_by(shift)).astype(float) for shift in SHIFTS]
    random = np.random.default_rng(2)
    return [
        np.clip(np.round(one + noise_sd * random.standard_normal(one.shape)), 0, 255).astype(np.uint8) for one in drawn
    ]


def averaged(lumas: list[np.ndarray]) -> np.ndarray:
    own = reference()
    found = [register(luma, own, shift, SETTINGS) for luma, shift in zip(lumas, SHIFTS, strict=False)]
    smooth = [smoothed(luma, SETTINGS.presmooth_px) for luma in lumas]
    return average_seen(smooth, found, own.cells, np.ones(len(own.structure)))


def test_noise_falls_and_detail_stays() -> None:
    lumas = frames(4.0)
    one = (smoothed(lumas[0], SETTINGS.presmooth_px) - clean())[MIDDLE].std()
    assert (averaged(lumas) - clean())[MIDDLE].std() < 0.65 * one
    assert (averaged(frames(0.0)) - clean())[MIDDLE].std() < 0.5


def test_one_frame_of_something_else_does_not_count() -> None:
    lumas = frames(0.0)
    lumas[2][60:90, 60:90] = another()[60:90, 60:90]
    assert np.abs(averaged(lumas) - clean())[MIDDLE].max() < 12


@pytest.mark.parametrize("gain", [0.8, 1.2])
def test_a_frame_is_seen_in_the_reference_in_its_light(gain: float) -> None:
    own = reference()
    matrix = around_middle(0.02, 1.01)
    luma = picture(moved_by(matrix), gain=gain)
    found = register(luma, own, matrix, SETTINGS)
    smooth = smoothed(luma, SETTINGS.presmooth_px)
    seen = seen_in_reference(smooth, found, own.cells, np.ones(len(own.structure)))
    assert seen.shape == (HEIGHT, WIDTH)
    assert (seen - clean())[MIDDLE].std() < 1.0
