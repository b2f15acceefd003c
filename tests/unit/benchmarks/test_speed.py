from __future__ import annotations

import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import speed, speed_parts
from benchmarks.speed_films import lengthen
from benchmarks.speed_moments import index_of
from benchmarks.speed_targets import target_table
from vision.simulate.clip import simulate
from vision.simulate.named import scenario_named

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="os.wait4 is not there")


def cost(wall_s: float) -> speed.Cost:
    return speed.Cost(wall_s, 2 * wall_s, 100 * wall_s, "")


def test_ratios_are_those_of_the_medians() -> None:
    pairs = [speed.Pair(cost(alone), cost(whole), {}) for alone, whole in ((1.0, 10.0), (2.0, 30.0), (9.0, 12.0))]
    lines = speed.cost_table(pairs).splitlines()[2:]
    assert [line.split("|")[-2].strip() for line in lines] == ["6.0", "6.0", "6.0"]
    assert "2 (1 to 9)" in lines[0]


def test_the_floor_is_what_all_cores_would_take_without_a_pause() -> None:
    pairs = [speed.Pair(cost(1.0), cost(whole), {}) for whole in (8.0, 10.0, 50.0)]
    seconds = {"track": 9.0, "stabilise": 1.0, "find": 4.0, "features": 1.0}
    line = speed.floors(pairs, {"seconds": seconds}, cores=2)
    assert line.startswith("Floor: 10.0 times decoding")
    assert "; 7.0 without" in line
    assert "would take 1.0. " in line


def test_a_ratio_that_has_grown_is_a_loss() -> None:
    kept = {"face": {"wall_s": 3.0, "core_s": 3.0}}
    assert speed.losses({"face": {"wall_s": 3.4, "core_s": 2.0}}, kept) == []
    (line,) = speed.losses({"face": {"wall_s": 3.5, "core_s": 2.0}}, kept)
    assert "wall_s: 3.50 times decoding, 3.00 before" in line
    (unknown,) = speed.losses({"skin": {"wall_s": 1.0}}, kept)
    assert "no ratios are kept" in unknown


def test_a_check_without_kept_ratios_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="run without --check first"):
        speed.checked({}, tmp_path / "speed.json")
    (tmp_path / "speed.json").write_text('{"face": {"wall_s": 2.0}}')
    assert speed.checked({"face": {"wall_s": 2.1}}, tmp_path / "speed.json") == 0
    assert speed.checked({"face": {"wall_s": 2.5}}, tmp_path / "speed.json") == 1


def test_a_child_is_measured() -> None:
    code = "import time\nhold = bytearray(80_000_000)\nfor i in range(0, len(hold), 4096): hold[i] = 1\nprint('done')"
    found = speed.measured([sys.executable, "-c", code])
    assert found.output == "done\n"
    assert found.peak_mb > 80
    assert 0 < found.core_s < 10 * found.wall_s


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="ValueError: too small"):
        speed.measured([sys.executable, "-c", "raise ValueError('too small')"])


def test_a_stopwatch_adds_up_and_changes_nothing() -> None:
    watch = speed_parts.Stopwatch()
    assert list(watch.drawn("decode", iter([1, 2, 3]))) == [1, 2, 3]
    assert watch.timed("find", lambda a, b: a + b)(1, b=2) == 3
    assert watch.seconds["decode"] > 0
    assert watch.seconds["locate"] == 0


def test_a_lengthened_film_goes_on_at_the_same_pace(tmp_path: Path) -> None:
    clip, longer = tmp_path / "still.mp4", tmp_path / "longer.mp4"
    simulate(scenario_named("skin-rest", width_px=320, height_px=240, duration_s=2.0), clip, preset="ultrafast")
    lengthen(clip, 3, longer)
    with av.open(str(longer)) as container:
        stream = container.streams.video[0]
        times = [picture.time for picture in container.decode(stream)]
    assert len(times) == 180
    np.testing.assert_allclose(np.diff(times), 1 / 30, atol=1e-4)


@given(st.lists(st.floats(0, 1), min_size=2, unique=True), st.floats(0, 1))
def test_a_moment_is_the_first_that_is_not_before_the_wanted_share(shares: list[float], wanted: float) -> None:
    shares.sort()
    index = index_of(shares, wanted)
    assert index == len(shares) - 1 or shares[index] >= wanted
    assert index == 0 or shares[index - 1] < wanted


def test_targets_say_what_is_reached() -> None:
    kinds = ("face", "skin", "4K30", "1080p120")
    found = dict.fromkeys(
        ("long_to_short", "last_to_first", "help_s", "import_s", "python_s", "first_frame_s"), 1.0
    ) | {"long_minutes": 10.0, "farneback_ms_to_ours": 9.0, "facemesh_ms_to_ours": 1.0}
    table = target_table({kind: {"wall_s": 2.0, "core_s": 4.0} for kind in kinds}, dict.fromkeys(kinds, 100.0), found)
    reached = {line.split("|")[1].strip(): line.split("|")[-2].strip() for line in table.splitlines()[4:]}
    assert reached["4K30, wall ÷ decoding"] == "yes"
    assert reached["1080p30 face, wall ÷ decoding"] == "yes"
    assert reached["the same, cores"] == "no"
    assert reached["Farneback on the same pixels ÷ ours, time"] == "yes"
    assert reached["FaceMesh on full frames ÷ ours, time"] == "no"


@pytest.mark.slow
def test_the_stages_of_a_real_analysis_add_up(tmp_path: Path) -> None:
    clip = tmp_path / "still.mp4"
    simulate(scenario_named("skin-rest", width_px=320, height_px=240, duration_s=3.0), clip, preset="ultrafast")
    _, facts = speed.part("decode", str(clip))
    assert (facts["frames"], facts["width_px"], facts["height_px"]) == (90, 320, 240)
    assert 0 < facts["brightest"] <= 255
    _, found = speed.part("stages", str(clip))
    assert found["frames"] == 90
    assert min(found["seconds"].values()) > 0
    one_by_one = sum(took_s for stage, took_s in found["seconds"].items() if stage != "locate")
    assert 0.6 * found["total_s"] < one_by_one <= 1.01 * found["total_s"]
    assert speed.stage_table(found).count("\n") == len(speed_parts.STAGES) + 3


@pytest.mark.slow
def test_the_pace_of_a_long_film_and_its_first_frame_are_told(tmp_path: Path) -> None:
    clip, longer = tmp_path / "part.mp4", tmp_path / "long.mp4"
    simulate(scenario_named("skin-rest", width_px=160, height_px=120, duration_s=20.0), clip, preset="ultrafast")
    lengthen(clip, 9, longer)
    _, found = speed.part("pace", str(longer))
    assert found["minutes"] == pytest.approx(3.0, abs=0.01)
    assert 0.2 < found["last_to_first"] < 5
    _, found = speed.part("first", str(clip), str(time.time()))
    assert 0 < found["first_frame_s"] < 120
