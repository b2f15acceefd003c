"""What the command says of every file in a folder: a result or a clear refusal, never a traceback.

    python benchmarks/outcomes.py [FOLDER] [--out DIR]

FOLDER is searched through; without it, the team's shared media beside the checkout. Every file goes through
`twitchscope analyze --no-report` in a process of its own, as a person would run it. Prints a line a file and the sums,
and writes them to DIR/outcomes.txt (default: benchmarks/results/work, which is not committed: file names may be
people's).

An outcome is right in form where the command ended with 0 and a pattern, or with 1 and one line on standard
error that names no defect of ours, leaving no result folder behind. Whether it is right in kind is for
`tests/integration/test_robustness_media.py` to say.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import SHARED
from benchmarks.tables import ROOT

LONGEST_S = 1900.0  # the fence's own limit is 30 min; what outlives it hangs
NO_CLIPS = {".md", ".txt", ".json", ".csv"}  # catalogues and licences that lie beside the films


@dataclass(frozen=True)
class Said:
    """What one run ended with. `kind`: result, refusal, or what is wrong with it."""

    name: str
    kind: str
    line: str
    seconds: float


def outcome(path: Path, parcel: Path) -> Said:
    """Run the command on one file."""
    begun_s = time.perf_counter()
    command = [sys.executable, str(ROOT / "cli.py"), "analyze", str(path), "--no-report", "--out", str(parcel)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return Said(path.name, "hang", f"stopped after {LONGEST_S:.0f} s", LONGEST_S)
    kind, line = judge(done.returncode, done.stdout, done.stderr, parcel.exists())
    return Said(path.name, kind, line, time.perf_counter() - begun_s)


def judge(code: int, out: str, err: str, has_parcel: bool) -> tuple[str, str]:
    """Tell a result and a clear refusal from everything that must not be."""
    pattern = re.search(r"^Pattern: (.+)$", out, re.MULTILINE)
    said = [line for line in err.splitlines() if line.strip()]
    last = said[-1] if said else ""
    if "Traceback" in out + err:
        return "traceback", last
    if "defect of twitchscope" in err:
        return "defect", last
    if code == 0 and pattern and has_parcel:
        return "result", pattern[1]
    if code == 1 and len(said) == 1 and not has_parcel:
        return "refusal", last
    return "unclear", f"exit {code}; {last}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all; 0 where every file had a result or a clear refusal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED / "media")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "work", metavar="DIR")
    options = parser.parse_args(arguments)
    files = [path for path in sorted(options.folder.rglob("*")) if path.is_file() and path.suffix not in NO_CLIPS]
    if not files:
        parser.error(f"no files in {options.folder.name}; expected clips")
    options.out.mkdir(parents=True, exist_ok=True)
    sums: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="outcomes-") as work,
        (options.out / "outcomes.txt").open("w", encoding="utf-8") as kept,
    ):
        for number, path in enumerate(files):
            said = outcome(path, Path(work) / str(number))
            sums[said.kind] += 1
            line = f"{said.kind:9} {said.seconds:6.1f} s  {said.name}: {said.line}"
            print(line, flush=True)
            print(line, file=kept, flush=True)
    print(f"{len(files)} files: " + ", ".join(f"{count} {kind}" for kind, count in sums.most_common()))
    return 0 if set(sums) <= {"result", "refusal"} else 1


if __name__ == "__main__":
    sys.exit(main())
