"""One public-domain portrait through both models. The models load once a test, so the tests ask much of each run."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.unit.locate.pictures import astronaut, eye_close_up, frame_of, grey
from vision.locate.assign import region_of_points
from vision.locate.choose import choose_locator
from vision.locate.face import FaceModel
from vision.locate.face_view import face_area, iod, painted_face
from vision.locate.mesh import LANDMARK_COUNT, REGIONS
from vision.locate.pose import facing_share
from vision.model.regions import LEFT, RIGHT
from vision.settings import LocateSettings

SETTINGS = LocateSettings()


def run(pictures, **asked):
    frames = [frame_of(picture, 0.1 * k) for k, picture in enumerate(pictures)]
    locator = choose_locator(frames[:3], SETTINGS, **asked)
    try:
        for frame in frames:
            locator.observe(frame)
        return locator.finish(), locator.area(), locator.scale_px()
    finally:
        locator.close()
        locator.close()


@pytest.fixture(scope="module")
def face():
    return run([astronaut()] * 3)


def centre_x(track, name, side):
    region = [*zip(track.names, track.sides, strict=True)].index((name, side))
    return track.outline_px[0, region, :, 0].mean()


def test_a_portrait_is_a_face_with_fifteen_regions(face):
    track, _, scale_px = face
    assert track.view == "face"
    assert len(track.names) == len(REGIONS) == 15
    assert track.seen.all()
    assert scale_px == pytest.approx(track.scale_px[-1], rel=0.02)
    assert 45 < scale_px < 75
    assert "small-face" in track.warnings or scale_px >= SETTINGS.smallest_face_iod_px
    assert ((track.eye_aperture > 0.15) & (track.eye_aperture < 0.5)).all()
    assert (np.abs(track.head_pose_deg) < 30).all()
    height, *corners = track.mouth_iod.mean(0)
    assert 0.1 < height < 0.5
    assert all(0.15 < corner < 0.5 for corner in corners)


@pytest.mark.parametrize("name", ["upper-eyelid", "lower-eyelid", "brow", "cheek", "mouth-corner"])
def test_the_patients_right_is_on_the_pictures_left(face, name):
    assert centre_x(face[0], name, "right") < centre_x(face[0], name, "left")


def test_the_regions_stand_in_the_order_of_a_face(face):
    track = face[0]
    y = {name: track.outline_px[0, number, :, 1].mean() for number, name in enumerate(track.names)}
    order = ["forehead", "brow", "upper-eyelid", "lower-eyelid", "nose", "upper-lip", "lower-lip", "chin"]
    assert sorted(order, key=y.__getitem__) == order


def test_every_outline_runs_clockwise(face):
    track = face[0]
    for outline in track.outline_px[0]:
        assert facing_share(np.column_stack([outline, np.zeros(len(outline))])) == pytest.approx(1.0)


def test_the_area_leaves_out_eyes_and_hair_and_every_region_has_a_part_in_it(face):
    track, area, scale_px = face
    for eye in (RIGHT, LEFT):
        x, y = np.round(track.eye_outline_px[0, eye].mean(axis=0)).astype(int)
        assert not area[y, x]
    down, across = np.nonzero(area)
    region_of = region_of_points(track, 0, np.column_stack([across, down]).astype(float))
    assert set(range(15)) <= set(region_of.tolist())
    assert (region_of >= 0).mean() > 0.9
    assert 1.5 < area.sum() / scale_px**2 < 5


def test_a_mirrored_film_swaps_the_sides_only(face):
    plain, _, _ = face
    told, _, _ = run([astronaut()] * 3, mirrored=True)
    assert [side for side in told.sides if side == "midline"] == [side for side in plain.sides if side == "midline"]
    assert centre_x(told, "cheek", "left") == pytest.approx(centre_x(plain, "cheek", "right"))
    assert told.eye_aperture[:, RIGHT] == pytest.approx(plain.eye_aperture[:, LEFT])
    assert np.allclose(told.eye_outline_px[:, RIGHT], plain.eye_outline_px[:, LEFT])


def test_the_same_frames_give_the_same_track_twice(face):
    again, _, _ = run([astronaut()] * 3)
    assert np.array_equal(again.outline_px, face[0].outline_px)


def test_a_face_that_leaves_is_not_seen():
    nothing = np.random.default_rng(0).integers(0, 40, astronaut().shape, np.uint8)
    track, _, _ = run([astronaut()] * 3 + [nothing] * 9)
    assert track.seen[:3].all()
    assert not track.seen[4:].any()
    assert np.isnan(track.eye_aperture[4:]).all()


def test_the_models_do_not_talk(capfd):
    run([astronaut()] * 3)
    run([eye_close_up()] * 3)
    assert capfd.readouterr() == ("", "")


def test_importing_loads_no_model():
    code = "import sys, vision.locate.choose; sys.exit('mediapipe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_more_of_mediapipe_is_loaded_than_the_models_need_and_all_of_it_for_who_asks():
    code = """
import sys
import numpy as np
from vision.locate.face import EyeModel, FaceModel
picture = np.zeros((64, 64, 3), np.uint8)
assert FaceModel(is_stream=False, max_faces=1, smallest_score=0.6).landmarks(picture) == []
assert EyeModel().points(picture).shape == (76, 2)
assert not {"matplotlib", "sounddevice", "mediapipe.tasks"} & set(sys.modules)
import mediapipe
assert mediapipe.__version__
assert mediapipe.solutions.drawing_utils.DrawingSpec and mediapipe.tasks.vision and mediapipe.Image
"""
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_load_of_all_of_mediapipe_that_fails_can_be_tried_again():
    code = """
import sys
from vision.locate.face import EyeModel
EyeModel().close()
import mediapipe
sys.modules["mediapipe.tasks.python"] = None  # as where it is not installed
try:
    mediapipe.tasks
except ImportError:
    del sys.modules["mediapipe.tasks.python"]
else:
    sys.exit("loaded")
assert mediapipe.tasks.vision and mediapipe.solutions.face_mesh
"""
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("patient_side", ["right", "left"])
@pytest.mark.parametrize("look", [np.asarray, grey], ids=["colour", "grey"])
def test_an_eye_close_up_is_an_eye_in_colour_and_in_grey(patient_side, look):
    track, area, scale_px = run([look(eye_close_up(patient_side))] * 3)
    assert track.view == "eye"
    assert track.names == ("upper-eyelid", "lower-eyelid", "brow", "cheek")
    assert track.sides == (None,) * 4
    assert np.isnan(track.eye_aperture[:, LEFT]).all()
    assert 0.15 < track.eye_aperture[0, RIGHT] < 0.5
    assert scale_px == pytest.approx(track.scale_px[-1], rel=0.02)
    iris = np.round(np.nanmean(track.eye_outline_px[0, RIGHT], axis=0)).astype(int)
    assert not area[iris[1], iris[0]]
    assert area.mean() > 0.15
    down, across = np.nonzero(area)
    region_of = region_of_points(track, 0, np.column_stack([across, down]).astype(float))
    assert {0, 1, 3} <= set(region_of.tolist())


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_the_side_of_a_close_up_is_what_the_user_says(is_mirrored):
    picture = eye_close_up("left")[:, ::-1] if is_mirrored else eye_close_up("left")
    track, _, _ = run([picture] * 2, side="left", mirrored=is_mirrored)
    assert track.sides == ("left",) * 4
    assert np.isfinite(track.eye_aperture[:, LEFT]).all()
    assert np.isnan(track.eye_aperture[:, RIGHT]).all()


def test_the_aperture_drops_when_the_lids_close():
    """Skin from below the eye is drawn over the eye, as a lid would be."""
    opened = eye_close_up("right")
    track, _, _ = run([opened] * 2)
    ring = track.eye_outline_px[0, RIGHT]
    cover = np.zeros(opened.shape[:2], np.uint8)
    cv2.fillPoly(cover, [np.round((ring - ring.mean(axis=0)) * 1.15 + ring.mean(axis=0)).astype(np.int32)], 255)
    closed = cv2.inpaint(opened, cv2.dilate(cover, np.ones((25, 25))), 9, cv2.INPAINT_TELEA)
    line = np.round(ring[:9]).astype(np.int32)
    cv2.polylines(closed, [line], isClosed=False, color=(90, 60, 50), thickness=8)
    track, _, _ = run([opened] * 3 + [closed] + [opened] * 3)
    aperture = track.eye_aperture[:, RIGHT]
    assert aperture[3] < 0.7 * np.median(aperture)
    assert int(np.argmin(aperture)) == 3


def test_a_face_area_follows_the_scale_of_the_mesh():
    points = np.zeros((LANDMARK_COUNT, 3))
    points[33], points[263] = (40, 50, 0), (60, 50, 0)
    assert not face_area(points, (100, 100)).any()


def test_a_face_painted_on_its_own_part_of_the_picture_is_as_on_all_of_it():
    picture = astronaut()
    model = FaceModel(is_stream=False, max_faces=1, smallest_score=0.6)
    try:
        (points,) = model.landmarks(picture)
    finally:
        model.close()
    shape = picture.shape[:2]
    for across, down in [(0, 0), (37, -21), (-160, 90), (250, 400), (3000, 0)]:
        moved = points + np.array([across, down, 0])
        np.testing.assert_array_equal(face_area(moved, shape), painted_face(moved[:, :2], shape, iod(moved)))
