"""Growth is told by exponents, and costs by the film of a minute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import growth
from benchmarks.speed import Cost
from tests.builders import make_regions, make_signals
from vision.model.arrays import FloatArray
from vision.report.signals_file import save_signals
from vision.settings import MotionSettings, load_settings

START = Cost(2.0, 3.0, 300.0, "")


def sample(series: str, amount: float, core_s: float, film_s: float = 10.0) -> growth.Sample:
    return growth.Sample(series, amount, Cost(core_s / 2, core_s, 400.0, ""), film_s)


LENGTHS = [sample("length, s", length_s, 3.0 + 1.5 * length_s, length_s) for length_s in (10.0, 60.0, 600.0)]
SIZES = [sample("size, megapixels", size, 3.0 + 9 * size**0.5) for size in (0.25, 1.0, 4.0)]


@given(st.floats(0.1, 3.0), st.floats(0.01, 100.0))
def test_a_power_has_its_exponent(power: float, factor: float) -> None:
    amounts: FloatArray = np.array([1.0, 2.0, 5.0, 40.0])
    assert growth.exponent(list(amounts), list(factor * amounts**power)) == pytest.approx(power)


def test_the_start_is_no_growth() -> None:
    lines = [[cell.strip() for cell in line.split("|")] for line in growth.tables(LENGTHS + SIZES, START).splitlines()]
    fitted = {line[1]: [float(cell) for cell in line[2:4]] for line in lines if line[1:2] in (["length"], ["size"])}
    assert fitted["length"] == pytest.approx([1.0, 0.0], abs=0.006)
    assert fitted["size"] == pytest.approx([0.5, 0.0], abs=0.006)


def test_clips_cost_what_the_film_of_a_minute_cost() -> None:
    told = growth.price(LENGTHS)  # 93 core-seconds a minute
    assert "analyses 39 minutes" in told
    assert "take 2,583 core-hours" in told


def test_the_plot_is_the_same_file_from_the_same_numbers(tmp_path: Path) -> None:
    growth.plotted(LENGTHS + SIZES, tmp_path / "a.svg")
    growth.plotted(LENGTHS + SIZES, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_points_are_counted_in_the_file_that_an_analysis_writes(tmp_path: Path) -> None:
    """Accident: eight minutes of measuring ended at an array's name."""
    track = make_regions(duration_s=1.0)
    save_signals(tmp_path / "signals.npz", make_signals(track), track, "00")
    assert growth.points_in(tmp_path / "signals.npz") == len(make_signals(track).point_px)


def test_settings_change_the_cells_alone(tmp_path: Path) -> None:
    read = load_settings(growth.cells_of(2.0, tmp_path / "settings.toml")).motion
    assert read == MotionSettings(cell_iod=2 * MotionSettings().cell_iod)
