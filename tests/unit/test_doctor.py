"""What to film better: by the file, by a few pictures, and by how the picture moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.report.test_facts import GOOD
from vision.doctor import _glides, film_advice
from vision.model.looks import Looks
from vision.model.signals import MotionSignals

SHARP = Looks(blur=0.3, brightness=110.0, burnt_share=0.0)
SIDE_PX = 1920
RATE_HZ, FRAMES = 30.0, 600


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        (SHARP, []),
        (replace(SHARP, blur=None), []),
        (replace(SHARP, blur=0.8), ["blurred"]),
        (replace(SHARP, brightness=20.0), ["dark"]),
        (replace(SHARP, burnt_share=0.3), ["30 % of its middle is burnt out"]),
        (Looks(0.9, 10.0, 0.2), ["blurred", "dark", "burnt"]),
        (None, []),
    ],
)
def test_advice_by_a_few_pictures(looks: Looks | None, words: list[str]) -> None:
    advice = film_advice(GOOD, looks)
    assert len(advice) == len(words)
    assert all(word in line for word, line in zip(words, advice, strict=True))


def moved(x_px: np.ndarray) -> MotionSignals:
    """A camera that moves sideways like this; nothing else."""
    frames = len(x_px)
    camera = np.tile(np.eye(2, 3), (frames, 1, 1))
    camera[:, 0, 2] = x_px
    ones = np.ones(frames)
    return MotionSignals(
        time_s=np.arange(frames) / RATE_HZ, point_px=np.array([[500.0, 900.0], [600.0, 900.0]]),
        region_of_point=np.zeros(2, int), displacement_px=np.zeros((frames, 2, 2)), noise_px=np.ones((1, 2)),
        valid=np.ones((frames, 2), bool),
        covered=np.zeros((frames, 2), bool), structure=np.ones((2, 2, 2)), camera=camera, luma_gain=ones,
        sharpness=ones,
        is_keyframe=np.zeros(frames, bool), scale_px=None, spacing_px=7.0, reference_index=0,
    )  # fmt: skip


def test_a_glide_without_tremor_is_told_from_a_hand_and_from_a_stand() -> None:
    time_s = np.arange(FRAMES) / RATE_HZ
    glide = 60 * np.sin(2 * np.pi * 0.1 * time_s)
    tremor = 0.8 * np.sin(2 * np.pi * 8 * time_s)
    assert _glides(moved(glide), SIDE_PX)
    assert not _glides(moved(glide + tremor), SIDE_PX)
    assert not _glides(moved(0.02 * glide), SIDE_PX)
    assert not _glides(moved(glide[:10]), SIDE_PX)
