from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from vision.model.arrays import ByteArray
from vision.simulate.camera import expose, noise_sd_by_level
from vision.simulate.movement import draw_movement
from vision.simulate.render import render_frames
from vision.simulate.scenario import Scenario
from vision.simulate.scene import set_stage
from vision.simulate.truth import truth_of

Still = Callable[..., Scenario]


def luma_of(scenario: Scenario) -> list[ByteArray]:
    return [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for _, rgb in render_frames(scenario)]


def shift_at(before: ByteArray, after: ByteArray, x_px: float, y_px: float, window_px: int = 13) -> np.ndarray:
    """Displacement around a place by OpenCV's Lucas-Kanade, which knows nothing of how the frame was made.

    The mean of 25 points, since a single one errs by some hundredths of a pixel at fractional shifts.
    """
    steps = np.linspace(-8, 8, 5)
    points = np.array([[[x_px + dx, y_px + dy]] for dx in steps for dy in steps], np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-4)
    found, _, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, None, winSize=(window_px, window_px), maxLevel=0, criteria=stop
    )
    return (found - points)[:, 0].mean(axis=0)


@pytest.mark.parametrize("name", ["eyelid", "calf"])
def test_the_same_seed_gives_the_same_frames(name: str, still: Still) -> None:
    scenario = still(name, duration_s=0.3, noise_sd=1.5, shake_px=1.0, closures="rapid" if name == "eyelid" else "none")
    once, twice = list(render_frames(scenario)), list(render_frames(scenario))
    other = list(render_frames(scenario.model_copy(update={"seed": 2})))
    assert [time_s for time_s, _ in once] == [time_s for time_s, _ in twice]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(once, twice, strict=True))
    assert not np.array_equal(once[0][1], other[0][1])


@pytest.mark.parametrize("name", ["eyelid", "calf"])
def test_without_amplitude_nothing_moves(name: str, still: Still) -> None:
    frames = luma_of(still(name, amplitude_px=0.0))
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


def test_before_the_first_onset_nothing_moves(still: Still) -> None:
    frames = luma_of(still("eyelid", amplitude_px=3.0))
    assert all(np.array_equal(frame, frames[0]) for frame in frames[:7])
    assert not np.array_equal(frames[8], frames[0])


def test_a_shifted_onset_shifts_the_frames(still: Still) -> None:
    early = luma_of(still("eyelid", rate_hz=20.0, first_onset_s=0.2))
    late = luma_of(still("eyelid", rate_hz=20.0, first_onset_s=0.4))
    for before, after in zip(early[4:12], late[8:16], strict=True):
        # Sums of floating-point times may differ in the last bit, and a grey level with them.
        assert np.abs(before.astype(int) - after).max() <= 1


@pytest.mark.parametrize("direction_rad", [0.0, 1.1, 2.5, -1.57])
@pytest.mark.parametrize(("name", "site"), [("eyelid", "cheek"), ("eyelid", "mouth"), ("skin-focal", "0.50,0.52")])
def test_a_twitch_of_one_pixel_moves_the_skin_one_pixel(
    name: str, site: str, direction_rad: float, still: Still
) -> None:
    scenario = still(name, sites=(site,), amplitude_px=1.0, direction_rad=direction_rad, sigma_px=60.0, tau_s=0.05,
                     rate_hz=20.0, texture_sd=6.0)  # fmt: skip
    twitch = truth_of(scenario).twitches[0]
    frames = luma_of(scenario)
    moved = shift_at(frames[0], frames[round(twitch.peak_s * 20)], twitch.x_px, twitch.y_px)
    assert np.hypot(*moved) == pytest.approx(1.0, abs=0.05)
    assert np.cos(np.arctan2(moved[1], moved[0]) - direction_rad) > 0.995


@pytest.mark.parametrize(("away_sigma", "share"), [(1.0, np.exp(-0.5)), (2.0, np.exp(-2.0)), (5.0, 0.0)])
def test_displacement_falls_off_as_a_gaussian(away_sigma: float, share: float, still: Still) -> None:
    scenario = still("skin-focal", width_px=640, height_px=400, sites=("0.30,0.52",), amplitude_px=2.0, aspect=1.0,
                     direction_rad=1.57, sigma_px=32.0, tau_s=0.05, rate_hz=20.0, texture_sd=6.0)  # fmt: skip
    frames, twitch = luma_of(scenario), truth_of(scenario).twitches[0]
    # A twitch's skin at p is seen at p + u(p), so the patch around p is compared.
    moved = shift_at(frames[0], frames[5], twitch.x_px + 32 * away_sigma, twitch.y_px)
    assert moved[1] == pytest.approx(2.0 * share, abs=0.08)
    assert moved[0] == pytest.approx(0.0, abs=0.05)


def test_the_eyeball_stays_where_it_is(still: Still) -> None:
    scenario = still("eyelid", amplitude_px=3.0, rate_hz=20.0, tau_s=0.05)
    frames, stage = luma_of(scenario), set_stage(scenario)
    eye, m = stage.eye("right"), stage.margin_px
    columns = np.arange(int(eye.column_px[0]) + 6, int(eye.column_px[-1]) - 6)
    _, upper, lower = eye.curves(columns)
    ball = np.zeros(frames[0].shape, bool)
    for x, top, bottom in zip(columns, upper, lower, strict=True):
        ball[int(top) + 3 - m : int(bottom) - 4 - m, x - m] = True
    peak, rest = frames[round(truth_of(scenario).twitches[0].peak_s * 20)], frames[0]
    assert ball.sum() > 100
    assert np.array_equal(peak[ball], rest[ball])
    assert not np.array_equal(peak, rest)


def test_a_twitch_under_a_shaking_hand_moves_as_far_from_its_surroundings(still: Still) -> None:
    settings = {
        "sites": ("cheek",),
        "sigma_px": 24.0,
        "rate_hz": 20.0,
        "tau_s": 0.05,
        "shake_px": 2.0,
        "texture_sd": 6.0,
    }
    moving, calm = still("eyelid", amplitude_px=1.0, **settings), still("eyelid", amplitude_px=0.0, **settings)
    twitch = truth_of(moving).twitches[0]
    k = round(twitch.peak_s * 20)
    moved = shift_at(luma_of(calm)[k], luma_of(moving)[k], twitch.x_px, twitch.y_px)
    assert np.hypot(*moved) == pytest.approx(1.0, abs=0.05)


def test_the_truth_s_place_moves_with_a_shaking_hand(still: Still) -> None:
    scenario = still("skin-rest", shake_px=2.0, sway_px=1.0, duration_s=3.0, rate_hz=10.0, texture_sd=6.0)
    movement = draw_movement(scenario, set_stage(scenario))
    point = movement.centre_px + np.array([10.0, -20.0])
    first = movement.show(point, 0.0)
    before, *frames = luma_of(scenario)
    for k, frame in enumerate(frames, start=1):
        guess = movement.show(point, k / 10) - first
        # Undo the whole pixels, so that a plain Lucas-Kanade sees the rest.
        whole = np.round(guess).astype(int)
        undone = np.roll(frame, (-whole[1], -whole[0]), axis=(0, 1))
        assert shift_at(before, undone, *first) + whole == pytest.approx(guess, abs=0.1)


def test_a_blink_hides_the_iris_on_both_sides(still: Still) -> None:
    scenario = still("rest", closures="rapid", closures_per_min=60.0, partial_share=0.0, duration_s=3.0)
    blink, stage = truth_of(scenario).blinks[0], set_stage(scenario)
    frames = luma_of(scenario)
    shut = frames[round((blink.onset_s + 0.12) * 30)]
    for eye in stage.eyes:
        x, y = (round(value) - stage.margin_px for value in eye.centre_px)
        opening = np.s_[y - 6 : y + 4, x - 6 : x + 7]
        assert shut[opening].mean() > 1.15 * frames[0][opening].mean()


def test_a_one_sided_closure_leaves_the_other_eye_alone(still: Still) -> None:
    scenario = still("rest", closures="one-sided", duration_s=8.0, rate_hz=10.0, side="left")
    truth, stage = truth_of(scenario), set_stage(scenario)
    closure = next(c for c in truth.blinks if c.sides == ("left",))
    frames = luma_of(scenario)
    shown = frames[round(10 * (closure.onset_s + closure.offset_s) / 2)]
    half = round(float(stage.eye("right").column_px[-1])) - stage.margin_px + 10
    assert np.array_equal(shown[:, :half], frames[0][:, :half])
    assert not np.array_equal(shown[:, half:], frames[0][:, half:])


def test_flicker_changes_brightness_and_nothing_else(still: Still) -> None:
    frames = luma_of(still("skin-rest", flicker_hz=4.0, flicker_share=0.05, rate_hz=40.0))
    level = np.array([frame.mean() for frame in frames])
    spectrum = np.abs(np.fft.rfft(level - level.mean()))
    assert np.argmax(spectrum) == 4
    assert (level.max() - level.min()) / level.mean() == pytest.approx(0.1, rel=0.1)


def test_noise_has_its_size_at_mid_grey_and_grows_with_light() -> None:
    table = noise_sd_by_level(2.0)
    grey = np.full((200, 200, 3), 128.0, np.float32)
    frame = expose(grey, np.ones(200), table, np.random.default_rng(0))
    assert frame.std() == pytest.approx(2.0, rel=0.05)
    assert np.all(np.diff(table) > 0)


def test_tones_go_from_light_to_dark(still: Still) -> None:
    means = [luma_of(still("skin-rest", tone=tone, duration_s=0.04))[0].mean() for tone in ("light", "medium", "dark")]
    assert means[0] > 1.2 * means[1] > 1.5 * means[2]


@pytest.mark.parametrize(("width_px", "height_px"), [(640, 480), (96, 64)])
def test_any_size_can_be_drawn(width_px: int, height_px: int, still: Still) -> None:
    for name in ("rest", "eye-closeup", "calf"):
        scenario = still(name, width_px=width_px, height_px=height_px, duration_s=0.05, iod_px=None)
        if scenario.outer_eye_distance_px is not None and scenario.outer_eye_distance_px < 60:
            continue
        assert next(iter(render_frames(scenario)))[1].shape == (height_px, width_px, 3)
