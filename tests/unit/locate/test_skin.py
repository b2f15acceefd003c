from __future__ import annotations

import numpy as np
import pytest

from tests.unit.locate.pictures import forearm, frame_of, grey
from vision.errors import NothingToMeasureError, SettingsError
from vision.locate.choose import choose_locator
from vision.locate.mesh import OUTLINE_CORNERS
from vision.locate.skin import outline_of, skin_area
from vision.locate.skin_doubts import changes_content
from vision.settings import LocateSettings

SETTINGS = LocateSettings()
TONES = {"light": (230, 190, 170), "brown": (150, 105, 80), "dark": (88, 62, 50)}


def clip(make):
    return [frame_of(make(k), 0.5 * k) for k in range(3)]


def overlap(area, truth):
    return (area & truth).sum() / (area | truth).sum()


@pytest.mark.parametrize("tone", TONES.values(), ids=TONES.keys())
@pytest.mark.parametrize("look", [np.asarray, grey], ids=["colour", "grey"])
def test_a_forearm_of_any_tone_is_found_in_colour_and_in_grey(tone, look):
    area = skin_area(clip(lambda k: look(forearm(tone, shift_px=k)[0])))
    assert area is not None
    assert overlap(area, forearm(tone)[1]) > 0.8


def test_skin_that_fills_the_picture_is_the_whole_picture_but_its_margin():
    area = skin_area(clip(lambda _: forearm()[0][130:250, 100:400]))
    assert area is not None
    assert area.mean() > 0.8
    assert not area[0].any()
    assert not area[:, -1].any()


def test_the_same_frames_give_the_same_area():
    first, second = (skin_area(clip(lambda k: forearm(shift_px=k)[0])) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_picture_is_refused(level):
    flat = clip(lambda _: np.full((240, 320, 3), level, np.uint8))
    with pytest.raises(NothingToMeasureError, match="flat"):
        choose_locator(flat, SETTINGS, view="skin")


def test_a_picture_that_is_replaced_is_no_body_part():
    with pytest.raises(NothingToMeasureError, match="changes"):
        choose_locator(clip(lambda k: forearm(seed=k)[0]), SETTINGS)


@pytest.mark.parametrize("gain", [0.7, 0.85, 1.15])
def test_an_exposure_that_steps_replaces_nothing(gain):
    """Accident: skin under a phone that steps its exposure was refused as a picture that changes too much."""
    skin, inside = forearm()
    stepped = np.clip(skin * gain, 0, 255).astype(np.uint8)
    frames = [frame_of(stepped if number % 2 else skin, number / 3) for number in range(6)]
    assert not changes_content(frames, inside)
    assert choose_locator(frames, LocateSettings()).view == "skin"


@pytest.mark.parametrize("depth", [0.25, 0.33, 0.4])
def test_a_shadow_that_falls_replaces_nothing(depth):
    """Accident: skin over which broad shadows pass was refused as a picture that changes too much."""
    skin, inside = forearm()
    across = np.linspace(0, 1, skin.shape[1])[None, :, None]
    frames = []
    for number in range(6):
        shade = 1 - depth / (1 + np.exp((across - 0.7 * (number % 2)) / 0.04))
        frames.append(frame_of(np.clip(skin * shade, 0, 255).astype(np.uint8), number / 3))
    assert not changes_content(frames, inside)


def test_green_is_no_skin_unless_the_user_says_so():
    leaves = clip(lambda _: forearm((70, 190, 80))[0])
    with pytest.raises(NothingToMeasureError, match="hue"):
        choose_locator(leaves, SETTINGS)
    locator = choose_locator(leaves, SETTINGS, view="skin")
    locator.observe(leaves[0])
    assert locator.finish().warnings == ("skin-not-sure",)


def test_the_skin_view_holds_one_region_that_stays():
    frames = clip(lambda k: forearm(shift_px=k)[0])
    locator = choose_locator(frames, SETTINGS, side="left")
    assert locator.view == "skin"
    assert not locator.ready()
    for frame in frames:
        locator.observe(frame)
    track = locator.finish()
    assert locator.ready()
    assert locator.scale_px() is None
    assert (track.view, track.names, track.sides, track.warnings) == ("skin", ("skin",), ("left",), ())
    assert track.seen.all()
    assert np.array_equal(track.outline_px[0], track.outline_px[-1])
    assert np.isnan(track.scale_px).all()
    assert track.skin_rgb[0, 0] == pytest.approx((225, 176, 148), abs=15)


def test_an_outline_keeps_to_its_corners_and_to_its_area():
    across, down = np.meshgrid(np.arange(200), np.arange(150))
    blob = np.hypot((across - 100) / 80, (down - 70) / 50) < 1 + 0.05 * np.sin(9 * np.arctan2(down - 70, across - 100))
    outline = outline_of(blob)
    assert outline.shape == (OUTLINE_CORNERS, 2)
    from vision.locate.paint import painted

    assert overlap(painted(blob.shape, [outline]), blob) > 0.9


def test_a_drawn_rectangle_is_taken_as_it_is():
    frames = clip(lambda k: forearm(shift_px=k)[0])
    locator = choose_locator(frames, SETTINGS, region_px=(40, 120, 200, 100))
    area = locator.area()
    assert area is not None
    assert area.sum() == pytest.approx(200 * 100, rel=0.02)
    assert area[130, 50]
    assert not area[130, 30]


@pytest.mark.parametrize(
    ("region_px", "match"),
    [((600, 10, 100, 100), "leaves the picture"), ((-1, 0, 100, 100), "leaves"), ((5, 5, 20, 200), "too small")],
)
def test_a_rectangle_that_cannot_be_is_refused(region_px, match):
    with pytest.raises(SettingsError, match=match):
        choose_locator(clip(lambda _: forearm()[0]), SETTINGS, region_px=region_px)


def test_a_rectangle_and_another_view_exclude_each_other():
    with pytest.raises(SettingsError, match="together"):
        choose_locator(clip(lambda _: forearm()[0]), SETTINGS, view="face", region_px=(0, 0, 100, 100))


@pytest.mark.parametrize("view", ["face", "eye"])
def test_a_view_that_is_not_there_is_refused(view):
    with pytest.raises(NothingToMeasureError, match=f"no {view}"):
        choose_locator(clip(lambda k: forearm(shift_px=k)[0]), SETTINGS, view=view)
