import dataclasses
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.builders import SKIN_REGIONS, make_regions, make_signals
from vision.errors import ResultFileError
from vision.model.signals import MotionSignals
from vision.report.signals_file import FORMAT, load_signals, save_signals

single = st.floats(width=32, allow_infinity=False)


@st.composite
def signals(draw):
    frames, points = draw(st.integers(1, 9)), draw(st.integers(0, 5))

    def floats(*shape):
        return draw(hnp.arrays(np.float32, shape, elements=single))

    steps = draw(hnp.arrays(np.float64, frames, elements=st.floats(1e-6, 1.0)))
    return MotionSignals(
        time_s=np.cumsum(steps),
        point_px=floats(points, 2),
        region_of_point=draw(hnp.arrays(np.int64, points, elements=st.integers(-1, 20))),
        displacement_px=floats(frames, points, 2),
        noise_px=floats(1, points),
        valid=draw(hnp.arrays(bool, (frames, points))),
        covered=draw(hnp.arrays(bool, (frames, points))),
        structure=floats(points, 2, 2),
        camera=floats(frames, 2, 3),
        luma_gain=floats(frames),
        sharpness=floats(frames),
        is_keyframe=draw(hnp.arrays(bool, frames)),
        scale_px=draw(st.none() | st.floats(0.1, 1e4)),
        spacing_px=draw(st.floats(0.1, 100)),
        reference_index=draw(st.integers(0, frames - 1)),
    )


def assert_same(one, other):
    for field in dataclasses.fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, np.ndarray):
            np.testing.assert_array_equal(left, right, err_msg=field.name)
        else:
            assert left == right, field.name


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(signals())
def test_save_then_load_is_identity(tmp_path, made):
    track = make_regions(duration_s=1.0)
    save_signals(tmp_path / "s.npz", made, track, "ff")
    loaded, regions, sha256 = load_signals(tmp_path / "s.npz")
    assert_same(made, loaded)
    assert sha256 == "ff"
    assert regions.names == track.names
    assert regions.sides == track.sides


def test_regions_come_back_at_single_precision(tmp_path):
    track = dataclasses.replace(make_regions("skin", SKIN_REGIONS), warnings=("two faces",))
    save_signals(tmp_path / "s.npz", make_signals(track), track, "00")
    _, regions, _ = load_signals(tmp_path / "s.npz")
    assert regions.sides == (None,)
    assert regions.warnings == ("two faces",)
    np.testing.assert_array_equal(regions.time_s, track.time_s)
    np.testing.assert_array_equal(regions.outline_px, track.outline_px.astype(np.float32))
    np.testing.assert_array_equal(regions.seen, track.seen)
    np.testing.assert_array_equal(regions.scale_px, track.scale_px.astype(np.float32))


def test_the_same_signals_give_the_same_bytes(tmp_path):
    track = make_regions(duration_s=2.0)
    for name in ("a.npz", "b.npz"):
        save_signals(tmp_path / name, make_signals(track), track, "00")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_one_clear_line(tmp_path, share):
    track = make_regions(duration_s=2.0)
    path = tmp_path / "s.npz"
    save_signals(path, make_signals(track), track, "00")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ResultFileError, match="missing or damaged"):
        load_signals(path)


def test_pickles_are_not_opened(tmp_path):
    np.savez(tmp_path / "s.npz", meta=np.array([{"format": 1}], dtype=object))
    with pytest.raises(ResultFileError):
        load_signals(tmp_path / "s.npz")


def test_another_format_is_refused(tmp_path):
    meta = np.frombuffer(json.dumps({"format": FORMAT + 1}).encode(), dtype=np.uint8)
    np.savez(tmp_path / "s.npz", meta=meta)
    with pytest.raises(ResultFileError, match=f"format {FORMAT + 1}"):
        load_signals(tmp_path / "s.npz")


def test_a_file_of_the_format_before_is_read(tmp_path):
    track = make_regions(duration_s=2.0)
    made = make_signals(track)
    save_signals(tmp_path / "new.npz", made, track, "ff")
    with np.load(tmp_path / "new.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    lacking = ("signals.covered", "regions.gaze", "regions.background_px")
    meta = {**json.loads(arrays.pop("meta").tobytes()), "format": FORMAT - 1}
    old = {name: array for name, array in arrays.items() if not name.startswith(lacking)}
    np.savez(tmp_path / "old.npz", meta=np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8), **old)
    signals, regions, sha256 = load_signals(tmp_path / "old.npz")
    assert sha256 == "ff"
    assert not signals.covered.any()
    assert signals.covered.shape == made.valid.shape
    assert np.isnan(regions.gaze).all()
    assert np.isnan(regions.background_px).all()
