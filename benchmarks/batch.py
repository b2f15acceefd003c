"""What the library and the batch cost: scaling over workers, overhead, a second run, and a library of a large clinic.

python -m benchmarks.batch scaling     # 2 workers against 1 on real analyses of simulated clips
python -m benchmarks.batch overhead    # 1,000 clips whose analysis takes a fixed time: what is added to it; memory
python -m benchmarks.batch large       # 100,000 clips, 5 million events: opening, summary, timeline
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import insert

ROOT = Path(__file__).resolve().parents[1]
CLIPS_EACH, EVENTS_EACH = 50, 50
DRAWN = 60  # clips drawn by the event-level simulator; their trains are used again under other numbers


def scaling(work: Path, clip_count: int = 6, duration_s: float = 6.0) -> dict[str, float]:
    """Clips a minute with one and with two workers, on the same clips, each into a fresh library."""
    from vision.simulate.clip import simulate
    from vision.simulate.named import scenario_named

    films = work / "films"
    films.mkdir()
    for seed in range(clip_count):
        scenario = scenario_named("eyelid", seed=seed, duration_s=duration_s, width_px=320, height_px=400, iod_px=160.0)
        simulate(scenario, films / f"{seed}.mp4", preset="ultrafast")
    took_s = {}
    for workers in (1, 2):
        began_s = time.monotonic()
        _cli("cli.py", "batch", str(films), "--library", str(work / f"library{workers}"), "--workers", str(workers))
        took_s[workers] = time.monotonic() - began_s
    return {"one_s": took_s[1], "two_s": took_s[2], "ratio": took_s[1] / took_s[2], "target": 1.8}


def overhead(work: Path, clip_count: int = 1000, workers: int = 2) -> dict[str, float]:
    """CPU of the parent for each clip, and of a second run with nothing to do.

    The child behind the fence is that of the fault tests: what remains is library, scheduling, transport and writing.
    """
    films = work / "films"
    films.mkdir()
    for number in range(clip_count):
        (films / f"{number}.mp4").write_bytes(b"film %d" % number)
    run = ["-m", "tests.integration.faults.quick", "batch", str(films), "--library", str(work / "library")]
    run += ["--no-report", "--workers", str(workers)]
    began_s = time.monotonic()
    peak_mb = _cli(*run)
    first_s = time.monotonic() - began_s
    began_s = time.monotonic()
    _cli(*run)
    return {
        "clips": clip_count, "first_s": first_s, "worker_s_per_clip": workers * first_s / clip_count,
        "peak_mb": peak_mb, "second_s": time.monotonic() - began_s, "second_target_s": 10,
    }  # fmt: skip


def large(work: Path, clip_count: int = 100_000) -> dict[str, float]:
    """Opening, summary and timeline of a library of many clips with 50 events each."""
    from vision.library.store import Library
    from vision.library.summary import summarise, write_summary
    from vision.library.timeline import read_timeline
    from vision.library.timeline_page import write_page

    with Library(work / "library") as library:
        _fill(library, clip_count // CLIPS_EACH)
    took_s = {}
    began_s = time.monotonic()
    library = Library(work / "library")
    took_s["open_s"] = time.monotonic() - began_s
    began_s = time.monotonic()
    write_summary(summarise(library), work / "summary.csv")
    took_s["summary_s"] = time.monotonic() - began_s
    began_s = time.monotonic()
    write_page(read_timeline(library, "P-77"), work / "timeline.html")
    took_s["timeline_s"] = time.monotonic() - began_s
    library.close()
    size_mb = (work / "library" / "library.sqlite").stat().st_size / 2**20
    return {
        "clips": clip_count,
        **took_s,
        "database_mb": size_mb,
        "open_target_s": 1,
        "summary_target_s": 10,
        "timeline_target_s": 2,
    }


def _fill(library: object, patients: int) -> None:
    from vision.library import database
    from vision.library.schema import Clip, Event, Outcome, Part, Patient
    from vision.library.store import Library, utc_now
    from vision.settings import Settings

    assert isinstance(library, Library)
    run, now, drawn = library.run_of(Settings()), utc_now(), _drawn()
    for patient in range(1, patients + 1):
        clips, outcomes, parts, events = [], [], [], []
        for number in range(CLIPS_EACH):
            clip = (patient - 1) * CLIPS_EACH + number + 1
            filmed_on = (np.datetime64("2025-01-01") + 7 * number).astype(str)
            clips.append({"id": clip, "key": f"{clip:064x}", "patient_id": patient, "filmed_on": filmed_on,
                          "body_part": "eyelid", "side": "right", "added_at": now})  # fmt: skip
            outcome, part, event = drawn[clip % len(drawn)]
            outcomes.append({"id": clip, "clip_id": clip, "run_id": run, "recorded_at": now, **outcome})
            parts += [{"outcome_id": clip, **row} for row in part]
            events += [{"outcome_id": clip, **row} for row in event]
        with database.writing(library.engine) as session:
            session.execute(insert(Patient), [{"id": patient, "name": f"P-{patient}", "added_at": now}])
            for table, rows in ((Clip, clips), (Outcome, outcomes), (Part, parts), (Event, events)):
                session.execute(insert(table.__table__), rows)  # the core: no object for each row


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


def _cli(*arguments: str) -> float:
    """Run the command line in a process of its own; give the largest memory of any child so far, in MB."""
    ran = subprocess.run([sys.executable, "-W", "ignore", *arguments], cwd=ROOT, capture_output=True, check=False)
    if ran.returncode > 1:
        raise SystemExit(ran.stderr.decode())
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("scaling", "overhead", "large"))
    parser.add_argument("--clips", type=int, help="instead of 6 (scaling), 1,000 (overhead) or 100,000 (large)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        more = [] if given.clips is None else [given.clips]
        found = {"scaling": scaling, "overhead": overhead, "large": large}[given.part](Path(folder), *more)
    print(json.dumps({key: round(value, 3) for key, value in found.items()}, indent=1))


if __name__ == "__main__":
    main()
