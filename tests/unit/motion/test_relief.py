"""What a point adds to the pose by its depth goes; what moves by itself stays."""

from __future__ import annotations

import numpy as np
import pytest

from vision.dsp import twitch_waveform
from vision.motion.relief import FEWEST_FRAMES_PER_COURSE, LARGEST_SHARE, remove_relief

RATE_HZ, FRAMES, POINTS = 30.0, 300, 40
TIME_S = np.arange(FRAMES) / RATE_HZ
NOISE_PX = 0.05


def pose() -> np.ndarray:
    random = np.random.default_rng(1)
    turn = 4 * np.sin(2 * np.pi * 0.7 * TIME_S + 0.3)
    return np.stack([turn, 0.6 * turn, *0.02 * random.standard_normal((4, FRAMES))], 1)


def noise(seed: int = 2) -> np.ndarray:
    return NOISE_PX * np.random.default_rng(seed).standard_normal((FRAMES, POINTS, 2)).astype(np.float32)


def left_of(local: np.ndarray, valid: np.ndarray | None = None, course: np.ndarray | None = None) -> np.ndarray:
    kept = local.astype(np.float32).copy()
    seen = np.ones(local.shape[:2], bool) if valid is None else valid
    remove_relief(kept, seen, pose() if course is None else course)
    return kept


def twitch(onset_s: float, amplitude_px: float) -> np.ndarray:
    return amplitude_px * twitch_waveform(TIME_S, onset_s, 0.045, 1.6)


@pytest.mark.parametrize("share", [0.15, -0.2])
def test_a_nose_follows_the_turn_and_is_stilled(share: float) -> None:
    local = noise()
    local[:, 3, 0] += share * pose()[:, 0]
    left = left_of(local)
    assert left[:, 3, 0].std() < 1.3 * NOISE_PX
    np.testing.assert_allclose(left[:, 4:], local[:, 4:], atol=0.6 * NOISE_PX)


def test_noise_alone_gives_nothing_up() -> None:
    local = noise()
    assert np.abs(left_of(local) - local).mean() < 0.1 * NOISE_PX


@pytest.mark.parametrize("amplitude_px", [0.3, 2.0])
def test_twitches_keep_their_height_though_they_leak_into_the_pose(amplitude_px: float) -> None:
    train = sum(twitch(onset_s, amplitude_px) for onset_s in (1.1, 1.35, 1.6, 4.0, 7.2, 7.4))
    local = noise()
    local[:, 5, 1] += train
    course = pose()
    course[:, 2:] += 0.04 * train[:, None]
    change = (left_of(local, course=course) - local)[:, 5, 1]
    assert np.abs(change).max() < 0.05 * amplitude_px + 0.3 * NOISE_PX


def test_a_twitch_on_the_nose_stays_while_the_turn_goes() -> None:
    local = noise()
    local[:, 3, 0] += 0.15 * pose()[:, 0]
    both = local.copy()
    both[:, 3, 0] += twitch(5.0, 1.0)
    np.testing.assert_allclose(left_of(both) - left_of(local), both - local, atol=0.05)


def test_no_point_gives_up_more_than_depth_can_explain() -> None:
    local = noise()
    local[:, 3, 0] += 0.9 * pose()[:, 0]
    taken = (local - left_of(local))[:, 3, 0]
    assert taken.std() <= 1.7 * LARGEST_SHARE * pose()[:, 0].std()


def test_what_was_not_seen_neither_counts_nor_changes() -> None:
    local, valid = noise(), np.ones((FRAMES, POINTS), bool)
    local[:, 3, 0] += 0.15 * pose()[:, 0]
    valid[40:120, 3] = False
    valid[:, 7] = False
    local[~valid] = 0.0
    left = left_of(local, valid)
    assert not left[~valid].any()
    assert left[valid[:, 3], 3, 0].std() < 1.3 * NOISE_PX


def test_too_short_a_clip_is_left_alone() -> None:
    count = FEWEST_FRAMES_PER_COURSE * pose().shape[1] - 1
    local = noise()[:count]
    np.testing.assert_array_equal(left_of(local, course=pose()[:count]), local)
