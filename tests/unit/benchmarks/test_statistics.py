from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.statistics_patterns import bins_of, calibration_error
from benchmarks.statistics_runs import limits, size_row
from benchmarks.tables import median

ROOT = Path(__file__).resolve().parents[3]


def test_calibration_error_of_what_is_right_as_often_as_said_is_small() -> None:
    rng = np.random.default_rng(1)
    said = rng.uniform(0.3, 1.0, 20_000)
    assert calibration_error(said, rng.random(20_000) < said) < 0.02
    assert calibration_error(said, np.zeros(20_000, bool)) == pytest.approx(said.mean(), abs=1e-6)
    assert sum(count for count, _, _ in bins_of(said, said > 0.5)) == 20_000


def test_limits_hold_99_percent() -> None:
    low, high = limits(2000, 0.05)
    counts = np.random.default_rng(2).binomial(2000, 0.05, 4000) / 2000
    assert np.mean((counts >= low) & (counts <= high)) >= 0.985
    assert size_row("x", [None] * 5)[1] == 0
    assert size_row("x", [0.001] * 100)[-1] == "NO"


@pytest.mark.parametrize("values", [[3.0], [1.0, 4.0], [5.0, 1.0, 2.0]])
def test_median_is_numpys(values: list[float]) -> None:
    assert median(values) == np.median(values)


@pytest.mark.slow
def test_a_few_runs_of_a_part_print_a_table(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "statistics.py"), "--parts", "places", "--share", "0.01"]
    done = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "two places 3 localisation errors apart" in done.stdout
    assert not list(tmp_path.iterdir())  # a part is not written
