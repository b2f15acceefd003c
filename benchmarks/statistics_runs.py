"""What the parts of the statistics benchmark share: runs over processes, tables, limits of a binomial count."""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from scipy.stats import binom

from benchmarks.tables import markdown_table

Result = TypeVar("Result")
SURE = 0.99  # of the binomial limits
CHUNK = 25


@dataclass(frozen=True)
class Table:
    """One table with a sentence that says what it shows."""

    title: str
    note: str
    headings: Sequence[str]
    rows: Sequence[Sequence[object]]

    def markdown(self) -> str:
        """Write heading, sentence and table."""
        return f"## {self.title}\n\n{self.note}\n\n{markdown_table(self.headings, self.rows)}"


@dataclass(frozen=True)
class Runner:
    """Runs a function many times.

    share : of the runs, below 1 to try something out. docs : where pictures go, None for none. kept : folder where
    results of whole runs are kept, so that one that was stopped goes on; `code` names the package that was measured.
    """

    pool: Executor
    share: float
    docs: Path | None
    kept: Path
    code: str

    def count(self, runs: int) -> int:
        """How many of `runs` are done."""
        return max(2, round(runs * self.share))

    def runs(self, function: Callable[..., Result], runs: int, *fixed: Any) -> list[Result]:
        """Call ``function(*fixed, seed)`` for each seed from 0 on."""
        source = hashlib.sha256(Path(inspect.getfile(function)).read_bytes()).hexdigest()
        name = f"{self.code} {source} {function.__qualname__} {fixed!r} {runs}"
        path = self.kept / f"statistics-{hashlib.sha256(name.encode()).hexdigest()[:16]}.pickle"
        if self.share == 1 and path.exists():
            return cast(list[Result], pickle.loads(path.read_bytes()))
        seeds = range(self.count(runs))
        found = list(self.pool.map(_call, [(function, fixed, seed) for seed in seeds], chunksize=CHUNK))
        if self.share == 1:
            self.kept.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pickle.dumps(found))
        return found


def _call(job: tuple[Callable[..., Result], tuple[Any, ...], int]) -> Result:
    function, fixed, seed = job
    return function(*fixed, seed)


def limits(runs: int, share: float) -> tuple[float, float]:
    """Lowest and highest share of a binomial count that is no surprise."""
    low, high = binom.interval(SURE, runs, share)
    return float(low) / runs, float(high) / runs


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share; empty where there is none."""
    return "" if value is None else f"{100 * value:.{digits}f} %"


def verdict(is_met: bool) -> str:
    """Say whether a target is met."""
    return "yes" if is_met else "NO"


def size_row(name: str, ps: Sequence[float | None], level: float = 0.05) -> list[object]:
    """Row of a test that should reject a true null as often as `level` says: share, limits, verdict.

    "safe side" where it rejects less often than the limits allow: such a p is too large, never too small.
    """
    tested = [p for p in ps if p is not None]
    if not tested:
        return [name, 0, "", "", ""]
    share = sum(p <= level for p in tested) / len(tested)
    low, high = limits(len(tested), level)
    half = sum(p <= 0.5 for p in tested) / len(tested)
    return [
        name, len(tested), percent(share, 2), f"{percent(low, 2)} to {percent(high, 2)}", percent(half),
        "safe side" if share < low else verdict(share <= high),
    ]  # fmt: skip
