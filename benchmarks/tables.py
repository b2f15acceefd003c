"""What both benchmarks write: aligned Markdown tables, and on which machine and code they ran. Standard library only.

Importing this must stay cheap: a child process starts out with the memory of its parent on its record, so the parent
that measures peak memory must itself be small.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write an aligned Markdown table. None is an empty cell: not measured, or it does not apply."""
    cells = [list(headings), *[[_cell(value) for value in row] for row in rows]]
    widths = [max(3, *(len(line[column]) for line in cells)) for column in range(len(headings))]
    rule = ["-" * width for width in widths]
    lines = [cells[0], rule, *cells[1:]]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "/").replace("\n", " ")


def median(values: Sequence[float]) -> float:
    """Middle of some numbers; the standard library's would be hidden by our own `statistics.py` beside a script."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def machine() -> str:
    """Say what the benchmark ran on, without the machine's name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def made_with(*more: Sequence[object], date: str | None = None) -> str:
    """Table of what was measured, where and when; further rows before the code."""
    day = date or datetime.date.today().isoformat()
    rows = [*more, ["vision", code_version("vision")], ["machine", machine()], ["date", day]]
    return markdown_table(["made with", ""], rows)


def code_version(folder: str = "vision", root: Path = ROOT) -> str:
    """Name the commit that last changed `folder`; says so where files differ from it, or where git cannot tell."""
    commit = _git(root, "log", "-1", "--format=%h", "--", folder)
    if not commit:
        return "unknown (no git)"
    return f"{commit} with uncommitted changes" if _git(root, "status", "--porcelain", "--", folder) else commit


def code_sha256(folder: str = "vision", root: Path = ROOT) -> str:
    """Name the code in `folder` by its content, committed or not."""
    digest = hashlib.sha256()
    for path in sorted((root / folder).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
