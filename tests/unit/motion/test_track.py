"""Following the skin through frames: shake, loss, hand-over; and what is left when shake is removed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.motion.pictures import (
    HEIGHT,
    SETTINGS,
    WIDTH,
    another,
    around_middle,
    bump,
    footprint,
    frame,
    moved_by,
    picture,
)
from vision.dsp import twitch_waveform
from vision.errors import NothingToMeasureError
from vision.model.signals import MotionSignals, PointTracks
from vision.motion.stabilise import point_precision, stabilise
from vision.motion.track import FRAMES_UNTIL_LOST, GridTracker

AREA = np.zeros((HEIGHT, WIDTH), bool)
AREA[14:-14, 14:-14] = True
RATE_HZ = 30.0


def tracked(pictures: list[np.ndarray], area: np.ndarray = AREA, keyframes: tuple[int, ...] = ()) -> PointTracks:
    tracker = GridTracker(SETTINGS)
    for index, luma in enumerate(pictures):
        tracker.observe(frame(index, luma, is_keyframe=index in keyframes), area, None)
    return tracker.finish()


def steady(tracks: PointTracks) -> MotionSignals:
    return stabilise(tracks, np.zeros(len(tracks.point_px), int), None, 2, SETTINGS)


def pooled(signals: MotionSignals) -> np.ndarray:
    """(T, 2) least-squares amplitude of the footprint in the middle of the picture."""
    share = footprint(*signals.point_px.T)
    return np.einsum("n,tnc->tc", share, signals.displacement_px) / (share @ share)


def shake(index: int) -> np.ndarray:
    """Hand-held: some pixels of translation, a third of a degree of roll, half a percent of zoom."""
    matrix = around_middle(0.006 * np.sin(0.9 * index), 1 + 0.005 * np.sin(0.5 * index + 1))
    matrix[:, 2] += [3.0 * np.sin(0.7 * index), 2.0 * np.cos(0.4 * index) - 2.0]
    return matrix


@pytest.fixture(scope="module")
def shaken() -> tuple[PointTracks, np.ndarray]:
    """Twelve hand-held frames, with a twitch of 1 px in the middle; and the twitch's course."""
    course = twitch_waveform(np.arange(12) / RATE_HZ, 3.5 / RATE_HZ, 0.06, 1.6)
    pictures = []
    for index, share in enumerate(course):
        matrix = shake(index)

        def displace(x, y, matrix=matrix, share=share):
            bx, by = bump(float(share), -1.0)(x, y)
            cx, cy = moved_by(matrix)(x + bx, y + by)
            return bx + cx, by + cy

        pictures.append(picture(displace, noise_sd=0.5))
    return tracked(pictures), course


def test_the_camera_is_found(shaken) -> None:
    tracks, _ = shaken
    camera = steady(tracks).camera
    start = np.linalg.inv(np.vstack([shake(0), [0, 0, 1]]))
    for index in range(12):
        expected = np.vstack([shake(index), [0, 0, 1]]) @ start
        middle = np.array([WIDTH / 2, HEIGHT / 2, 1])
        np.testing.assert_allclose(camera[index] @ middle, (expected @ middle)[:2], atol=0.1)


def test_shake_goes_and_the_twitch_stays(shaken) -> None:
    tracks, course = shaken
    signals = steady(tracks)
    assert signals.valid.mean() > 0.95
    along = pooled(signals) @ np.array([np.cos(-1.0), np.sin(-1.0)])
    # A footprint of 16 px is a fifth of this small picture: the smooth model takes a few percent of it along.
    np.testing.assert_allclose(along - along[0], course, atol=0.12)
    assert abs(int(np.argmax(along)) - int(np.argmax(course))) <= 1
    far = footprint(*signals.point_px.T) < 0.02
    assert np.nanstd(signals.displacement_px[:, far]) < 0.06


def test_native_places_and_spacing() -> None:
    tracks = tracked([picture()] * 2)
    assert tracks.spacing_px == SETTINGS.cell_px
    assert tracks.point_px.min() > 0
    np.testing.assert_allclose(tracks.position_px[0], tracks.point_px, atol=0.02)


def test_keyframes_and_times_are_kept() -> None:
    tracks = tracked([picture()] * 4, keyframes=(0, 3))
    np.testing.assert_array_equal(tracks.is_keyframe, [True, False, False, True])
    np.testing.assert_allclose(tracks.time_s, np.arange(4) / RATE_HZ)


def test_where_the_picture_was_lost_nothing_is_claimed() -> None:
    tracks = tracked([picture(), picture(), another(1), another(2), picture()])
    signals = steady(tracks)
    assert np.isnan(tracks.position_px[2:4]).all()
    assert not signals.valid[2:4].any()
    assert np.isnan(signals.displacement_px[2:4]).all()
    assert np.isnan(signals.luma_gain[2:4]).all()
    assert np.abs(signals.displacement_px[4]).max() < 0.08  # anchored: back without drift
    assert np.isfinite(signals.noise_px).all()


def test_a_covered_corner_is_not_valid_and_does_not_move_the_rest() -> None:
    hidden = picture().copy()
    hidden[:60, :70] = another()[:60, :70]
    signals = steady(tracked([picture(), hidden, picture()]))
    covered = (signals.point_px < [50, 40]).all(1)
    assert signals.valid[1, covered].mean() < 0.3
    far = (signals.point_px > [120, 100]).all(1)
    assert np.abs(signals.displacement_px[1, far]).max() < 0.1


def test_an_even_cover_is_noticed() -> None:
    hidden = picture().copy()
    hidden[:60, :70] = 180
    signals = steady(tracked([picture(), hidden, picture()]))
    covered = (signals.point_px < [50, 40]).all(1)
    assert signals.valid[1, covered].mean() < 0.3


def test_displacement_goes_on_where_it_stood_after_a_hand_over() -> None:
    """The light changes beyond recognition: a new reference is taken, the cells and their places stay."""

    def frame_of(share: float, seed_shift: bool) -> np.ndarray:
        moved = picture(moved_by(np.column_stack([np.eye(2), [2.0 * share, 0.0]])))
        if not seed_shift:
            return moved
        patches = np.kron(np.random.default_rng(4).integers(-90, 90, (14, 15)), np.ones((13, 14)))
        return np.clip(moved + patches[:HEIGHT, :WIDTH], 0, 255).astype(np.uint8)

    tracker = GridTracker(SETTINGS)
    pictures = [frame_of(1.0, False)] * 3 + [frame_of(1.0, True)] * (FRAMES_UNTIL_LOST + 4)
    pictures[0] = frame_of(0.0, False)
    for index, luma in enumerate(pictures):
        tracker.observe(frame(index, luma), AREA, None)
    tracks = tracker.finish()
    assert tracker.hand_over_indices == [3 + FRAMES_UNTIL_LOST - 1]
    seen = np.isfinite(tracks.position_px).all((1, 2))
    assert seen[:3].all()
    assert seen[-3:].all()
    moved = tracks.position_px - tracks.point_px
    middle = ((tracks.point_px > 40) & (tracks.point_px < [WIDTH - 40, HEIGHT - 40])).all(1)
    np.testing.assert_allclose(np.median(moved[-1, middle], axis=0), [2.0, 0.0], atol=0.1)
    np.testing.assert_allclose(np.median(moved[-1, middle], axis=0), np.median(moved[2, middle], axis=0), atol=0.1)


def test_the_grid_waits_for_an_area() -> None:
    tracker = GridTracker(SETTINGS)
    tracker.observe(frame(0, picture()), None, None)
    tracker.observe(frame(1, picture()), np.zeros_like(AREA), None)
    tracker.observe(frame(2, picture()), AREA, None)
    tracks = tracker.finish()
    assert tracks.reference_index == 2
    assert np.isnan(tracks.position_px[:2]).all()
    assert np.isfinite(tracks.position_px[2]).all()


def test_nothing_ever_in_view_is_refused() -> None:
    tracker = GridTracker(SETTINGS)
    tracker.observe(frame(0, picture()), None, None)
    with pytest.raises(NothingToMeasureError, match="nothing that can be tracked"):
        tracker.finish()


def test_no_point_carries_the_fit_alone() -> None:
    structure = np.broadcast_to(np.eye(2) * 100.0, (50, 2, 2)).copy()
    structure[0] *= 1e4
    structure[1] = np.diag([1e5, 0.0])  # an edge: nothing is known along it
    precision = point_precision(structure)
    assert precision[0] == precision[2] == 1.0
    assert precision[1] == 0.0
