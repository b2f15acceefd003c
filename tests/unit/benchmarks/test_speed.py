from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import speed, speed_parts
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
    assert 0.7 * found["total_s"] < sum(found["seconds"].values()) <= 1.01 * found["total_s"]
    assert speed.stage_table(found).count("\n") == len(speed_parts.STAGES) + 3
