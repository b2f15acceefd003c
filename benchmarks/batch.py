"""What the library and the batch cost: scaling over workers, overhead, a second run, and a library of a large clinic.

python -m benchmarks.batch scaling     # 2 workers against 1 on real analyses of simulated clips
python -m benchmarks.batch overhead    # 1,000 short clips: what is added to their analysis; memory; the second run
python -m benchmarks.batch large       # 100,000 clips, 5 million events: opening, summary, timeline

Each prints its figures beside their targets and writes them to benchmarks/results/batch-PART.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from benchmarks.batch_child import PARCEL, TAKES
from benchmarks.tables import ROOT, made_with, markdown_table

if TYPE_CHECKING:
    from vision.library.store import Library

CLIPS_EACH, EVENTS_EACH = 50, 50
DRAWN = 60  # clips drawn by the event-level simulator; their trains are used again under other numbers


def scaling(work: Path, clip_count: int = 24, duration_s: float = 6.0) -> dict[str, float]:
    """Clips a minute with one and with two workers, on the same clips, each into a fresh library.

    Of eight clips the start of Python, which both pay once, is a tenth; a clinic has thousands.
    """
    films = work / "films"
    films.mkdir()
    for seed in range(clip_count):
        _render(films / f"{seed}.mp4", seed, duration_s)
    took_s = {}
    for workers in (1, 2):
        began_s = time.monotonic()
        _cli("cli.py", "batch", str(films), "--library", str(work / f"library{workers}"), "--workers", str(workers))
        took_s[workers] = time.monotonic() - began_s
    per_min = {workers: 60 * clip_count / took_s[workers] for workers in took_s}
    return {
        "one_s": took_s[1], "two_s": took_s[2], "one_per_min": per_min[1], "two_per_min": per_min[2],
        "ratio": took_s[1] / took_s[2], "target": 1.8,
    }  # fmt: skip


def overhead(work: Path, clip_count: int = 1000, workers: int = 2) -> dict[str, float]:
    """What library and scheduling add to 1,000 short clips, memory, and a second run with nothing to do.

    One film of 2 s is rendered and really analysed; the children of the batch give its result back under other names
    after the same time, asleep. The rest is the product: hashing, transport, checks, writing, database.
    """
    film = work / "film.mp4"
    _render(film, seed=1, duration_s=2.0)
    takes_s = _analysis_s(film, work / "parcel")
    films = work / "films"
    films.mkdir()
    for number in range(clip_count):
        (films / f"{number}.mp4").write_bytes(film.read_bytes() + b"%d" % number)
    run = ["-m", "benchmarks.batch_child", "batch", str(films), "--library", str(work / "library")]
    run += ["--no-report", "--workers", str(workers)]
    env = {PARCEL: str(work / "parcel"), TAKES: str(takes_s)}
    first, second = _watched(run, env, clip_count, work / "library"), _watched(run, env, clip_count, work / "library")
    work_s = clip_count * takes_s
    return {
        "clips": clip_count, "workers": workers, "analysis_s": takes_s, "first_s": first["wall_s"],
        "overhead_wall_share": workers * first["wall_s"] / work_s - 1, "overhead_cpu_share": first["cpu_s"] / work_s,
        "overhead_target": 0.05, "memory_mb_at_20_percent": first["early_mb"], "memory_mb_at_end": first["late_mb"],
        "second_s": second["wall_s"], "second_cpu_s": second["cpu_s"], "second_target_s": 10,
    }  # fmt: skip


def _render(path: Path, seed: int, duration_s: float) -> None:
    from vision.simulate.clip import simulate
    from vision.simulate.named import scenario_named

    scenario = scenario_named("eyelid", seed=seed, duration_s=duration_s, width_px=320, height_px=400, iod_px=160.0)
    simulate(scenario, path, preset="ultrafast")


def _analysis_s(film: Path, parcel: Path) -> float:
    """Analyse a film twice behind one fence, keep the result, and give the CPU seconds of the second time."""
    import psutil

    from vision.isolate import Fence
    from vision.settings import Settings
    from vision.wire import pack, parcel_of

    with Fence(Settings(), threads=1) as fence:
        parcel.write_bytes(pack(parcel_of(fence.analyse(film))))
        assert fence._child is not None
        child = psutil.Process(fence._child.pid)
        before = sum(child.cpu_times()[:2])
        fence.analyse(film)
        return sum(child.cpu_times()[:2]) - before


def _watched(arguments: list[str], env: dict[str, str], clip_count: int, library: Path) -> dict[str, float]:
    """Run the command line; give wall time, CPU of it and its children, and its memory early and late."""
    import psutil

    began_s, before, said = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN), library.parent / "said"
    command = [sys.executable, "-W", "ignore", *arguments]
    with said.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env}, stdout=out, stderr=out)
    early_mb = late_mb = 0.0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error, OSError):
            late_mb = psutil.Process(process.pid).memory_info().rss / 2**20 or late_mb
            done = sum(1 for _ in (library / "results").glob("*/*"))
            early_mb = early_mb or (late_mb if done >= clip_count / 5 else 0.0)
        time.sleep(0.5)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(said.read_text())
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": time.monotonic() - began_s, "cpu_s": cpu_s, "early_mb": early_mb, "late_mb": late_mb}


def large(work: Path, clip_count: int = 100_000) -> dict[str, float]:
    """Opening, summary and timeline of a library of many clips with 50 events each."""
    from vision.library.store import Library
    from vision.library.summary import summarise, write_summary
    from vision.library.timeline import read_timeline
    from vision.library.timeline_page import write_page
    from vision.library.timeline_pdf import write_pdf

    with Library(work / "library") as library:
        _fill(library, clip_count)
    took_s: dict[str, float] = {}
    library = _timed(took_s, "open", lambda: Library(work / "library"))
    _timed(took_s, "summary", lambda: write_summary(summarise(library), work / "summary.csv"))

    def timeline() -> None:
        course = read_timeline(library, "P-7")
        write_page(course, work / "timeline.html")
        write_pdf(course, work / "timeline.pdf")

    _timed(took_s, "timeline", timeline)
    library.close()
    size_mb = (work / "library" / "library.sqlite").stat().st_size / 2**20
    targets = {"open_target_s": 1, "summary_target_s": 10, "timeline_target_s": 2}
    return {"clips": clip_count, "events": EVENTS_EACH * clip_count, **took_s, "database_mb": size_mb, **targets}


def _timed(took_s: dict[str, float], name: str, do: Callable[[], Any]) -> Any:
    """Note wall and CPU time: on a busy machine they differ."""
    wall_s, cpu_s = time.monotonic(), time.process_time()
    made = do()
    took_s[f"{name}_s"], took_s[f"{name}_cpu_s"] = time.monotonic() - wall_s, time.process_time() - cpu_s
    return made


def _fill(library: Library, clip_count: int) -> None:
    """Write some clips through the tables' own classes, then have SQLite repeat them under other numbers."""
    from vision.library import database
    from vision.library.schema import Clip, Event, Outcome, Part, Patient
    from vision.library.store import utc_now
    from vision.settings import Settings

    run, now, drawn = library.run_of(Settings()), utc_now(), _drawn()
    patients = [{"id": n + 1, "name": f"P-{n + 1}", "added_at": now} for n in range(clip_count // CLIPS_EACH)]
    clips = [
        {"id": n + 1, "key": f"{n + 1:064x}", "patient_id": n // CLIPS_EACH + 1, "body_part": "eyelid", "side": "right",
         "filmed_on": (np.datetime64("2025-01-01") + 7 * (n % CLIPS_EACH)).astype(str), "added_at": now}
        for n in range(clip_count)
    ]  # fmt: skip
    first: dict[Any, list[dict]] = {Outcome: [], Part: [], Event: []}
    for number, (outcome, parts, events) in enumerate(drawn, start=1):
        first[Outcome].append({"id": number, "clip_id": number, "run_id": run, "recorded_at": now, **outcome})
        first[Part] += [{"outcome_id": number, **row} for row in parts]
        first[Event] += [{"outcome_id": number, **row} for row in events]
    with database.writing(library.engine) as session:
        for table, rows in {Patient: patients, Clip: clips, **first}.items():
            session.execute(insert(table.__table__), rows)  # the core: no object for each row
        for table, key in ((Outcome, "id"), (Part, "outcome_id"), (Event, "outcome_id")):
            _repeat(session, table.__table__, key)


def _repeat(session: Session, table: Any, key: str) -> None:
    """Give each clip after the first `DRAWN` the rows of one of those."""
    own = {"id": "c.id", "clip_id": "c.id", "outcome_id": "c.id"}
    names = [column.name for column in table.columns]
    values = ", ".join(own.get(name, f"d.{name}") for name in names)
    session.execute(text(f"CREATE TEMP TABLE drawn AS SELECT * FROM {table.name}"))
    session.execute(text(f"CREATE INDEX temp.by_key ON drawn ({key})"))
    session.execute(
        text(
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM clips c "
            f"JOIN drawn d ON d.{key} = c.id % {DRAWN} + 1 WHERE c.id > {DRAWN} ORDER BY c.id"
        )
    )
    session.execute(text("DROP TABLE drawn"))


def _drawn() -> list[tuple[dict, list[dict], list[dict]]]:
    """Draw clips by the event-level simulator, as rows; trains are cut or repeated to `EVENTS_EACH` events."""
    from vision.simulate.patterns import ROWS, draw_clip

    made, rng = [], np.random.default_rng(7)
    names = [name for name in ROWS if name.startswith(("one place", "moving about"))]  # always with events
    while len(made) < DRAWN:
        clip = draw_clip(names[len(made) % len(names)], "A", rng)
        trains = clip.events.events
        if not trains:
            continue
        chosen = [trains[i % len(trains)] for i in range(EVENTS_EACH)]
        columns = ("onset_s", "peak_s", "offset_s", "site", "region", "side", "x_px", "y_px", "amplitude_px",
                   "amplitude_iod", "amplitude_mm", "direction_rad", "margin_sd")  # fmt: skip
        events = [{"number": i + 1, **{c: getattr(e, c) for c in columns}} for i, e in enumerate(chosen)]
        watched_s = clip.events.observed_s
        rate = 60 * len(trains) / watched_s
        outcome = {
            "request_sha256": "0" * 64, "state": "done", "view": clip.view, "label": clip.label, "probability": 0.95,
            "is_usable": True, "is_simulated": True, "duration_s": watched_s, "observed_s": watched_s,
            "mean_rate_hz": 60.0, "limit_px": clip.quality.limit_of_detection_px,
            "limit_iod": clip.quality.limit_of_detection_iod, "event_count": len(trains), "rate_per_min": rate,
            "rate_low_per_min": 0.7 * rate, "rate_high_per_min": 1.4 * rate, "duty_cycle": 0.1, "laterality": "right",
            "warning_codes": "short",
        }  # fmt: skip
        names_seen = sorted({(e.region, e.side) for e in trains}, key=str)
        parts = [
            {"number": i + 1, "region": region, "side": side, "observed_s": watched_s,
             "event_count": sum((e.region, e.side) == (region, side) for e in trains), "rate_per_min": None}
            for i, (region, side) in enumerate(names_seen)
        ]  # fmt: skip
        made.append((outcome, parts, events))
    return made


def _cli(*arguments: str) -> None:
    """Run the command line in a process of its own."""
    ran = subprocess.run([sys.executable, "-W", "ignore", *arguments], cwd=ROOT, capture_output=True, check=False)
    if ran.returncode:
        raise SystemExit(ran.stderr.decode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("scaling", "overhead", "large"))
    parser.add_argument("--clips", type=int, help="instead of 24 (scaling), 1,000 (overhead) or 100,000 (large)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        more = [] if given.clips is None else [given.clips]
        found = {"scaling": scaling, "overhead": overhead, "large": large}[given.part](Path(folder), *more)
    rows = [[key, f"{value:.3f}".rstrip("0").rstrip(".")] for key, value in found.items()]
    text = f"# Batch: {given.part}\n\n{made_with()}\n\n{markdown_table(['', 'found'], rows)}\n"
    print(text, end="")
    (ROOT / "benchmarks" / "results" / f"batch-{given.part}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
