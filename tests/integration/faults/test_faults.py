"""Whatever dies, and whenever: run again, every good clip has one outcome, nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from vision.library.store import Library

ROOT = Path(__file__).resolve().parents[3]
GOOD, BROKEN = 12, 1
TRIES = int(os.environ.get("TWITCHSCOPE_FAULT_TRIES", "3"))  # 20 takes about an hour on two cores
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="signals and tmpfs as Linux has them")
pytestmark = [pytest.mark.slow, LINUX]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in range(GOOD):
        (folder / f"{number}.mp4").write_bytes(b"film %d" % number)
    (folder / "bad.mp4").write_bytes(b"broken")
    return folder


def start(clips: Path, library: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.faults.quick", "batch", str(clips)]
    return subprocess.Popen(
        [*command, "--library", str(library), "--no-report", *more],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def batch(clips: Path, library: Path, *more: str) -> str:
    said, _ = start(clips, library, *more).communicate(timeout=300)
    return said.decode()


def wait_for_work(library: Path, seconds: float = 60) -> None:
    """Wait until the first clips are under way."""
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        if any((library / "results").glob("*/*")) or any((library / "work").glob(".*")):
            return
        time.sleep(0.01)


def require_whole(library: Path, clips: Path, good: int = GOOD) -> None:
    """Run again and look: one outcome for each clip, every result there, the database sound."""
    said = batch(clips, library, "--workers", "2")
    assert "unexpected" not in said
    with Library(library, is_new_allowed=False) as shelf:
        assert shelf.check() == []
    with closing(sqlite3.connect(library / "library.sqlite")) as connection:
        states = dict(connection.execute("SELECT state, count(*) FROM outcomes GROUP BY state").fetchall())
        doubles = "SELECT count(*) FROM (SELECT 1 FROM outcomes GROUP BY clip_id, run_id HAVING count(*) > 1)"
        assert connection.execute(doubles).fetchone() == (0,)
        events = connection.execute("SELECT count(*) FROM events").fetchone()
    assert states == {"done": good, "failed": BROKEN}, said
    assert events == (14 * good,)


@pytest.mark.parametrize("seed", range(TRIES))
@pytest.mark.parametrize("what", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_batch_itself_ends(clips: Path, tmp_path: Path, what: signal.Signals, seed: int) -> None:
    process = start(clips, tmp_path / "library", "--workers", "2")
    wait_for_work(tmp_path / "library")
    time.sleep(random.Random(seed).uniform(0, 0.6))
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(what)
    said, _ = process.communicate(timeout=60)
    if what != signal.SIGKILL and process.returncode:
        assert process.returncode == 130
        assert b"run the same command again" in said
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []  # nobody works on for a batch that is gone
    require_whole(tmp_path / "library", clips)


@pytest.mark.parametrize("seed", range(TRIES))
def test_a_worker_is_killed(clips: Path, tmp_path: Path, seed: int) -> None:
    process = start(clips, tmp_path / "library", "--workers", "2")
    wait_for_work(tmp_path / "library")
    time.sleep(random.Random(seed).uniform(0, 0.6))
    for child in psutil.Process(process.pid).children(recursive=True)[:1]:
        child.kill()
    said, _ = process.communicate(timeout=120)
    assert f"{GOOD} done, {BROKEN} failed".encode() in said
    require_whole(tmp_path / "library", clips)


@pytest.mark.parametrize("seed", range(TRIES))
def test_the_database_is_locked(clips: Path, tmp_path: Path, seed: int) -> None:
    process = start(clips, tmp_path / "library", "--workers", "2")
    wait_for_work(tmp_path / "library")
    with closing(sqlite3.connect(tmp_path / "library" / "library.sqlite", timeout=30)) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(random.Random(seed).uniform(0.2, 2))
        connection.execute("ROLLBACK")
    process.communicate(timeout=120)
    require_whole(tmp_path / "library", clips)


@pytest.mark.parametrize("seed", range(TRIES))
def test_two_batches_on_one_library(clips: Path, tmp_path: Path, seed: int) -> None:
    both = [start(clips, tmp_path / "library", "--workers", "2") for _ in range(2)]
    said = [process.communicate(timeout=200)[0].decode() for process in both]
    assert all("done" in one and "unexpected" not in one for one in said), said
    require_whole(tmp_path / "library", clips)


@pytest.mark.parametrize("seed", range(TRIES))
def test_a_clip_is_replaced_while_it_runs(clips: Path, tmp_path: Path, seed: int) -> None:
    process = start(clips, tmp_path / "library", "--workers", "2")
    wait_for_work(tmp_path / "library")
    rng = random.Random(seed)
    for number in rng.sample(range(GOOD), 4):
        time.sleep(rng.uniform(0, 0.2))
        other = clips.parent / "other"
        other.write_bytes(b"another film %d %d" % (seed, number))
        other.replace(clips / f"{number}.mp4")
    process.communicate(timeout=120)
    batch(clips, tmp_path / "library", "--workers", "2")
    with Library(tmp_path / "library", is_new_allowed=False) as shelf:
        assert shelf.check() == []
        known = shelf.known(1)
    import hashlib

    now = {hashlib.sha256(path.read_bytes()).hexdigest() for path in clips.glob("[0-9]*.mp4")}
    assert all(known[key].state == "done" for key in now)


@pytest.mark.parametrize("seed", range(TRIES))
def test_the_disk_is_full(clips: Path, tmp_path: Path, seed: int) -> None:
    small = tmp_path / "small"
    small.mkdir()
    size_kb = 400 + 700 * random.Random(seed).randrange(1, 12)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        said = batch(clips, small / "library", "--workers", "2")
        assert "unexpected" not in said
        subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True)
        require_whole(small / "library", clips)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
        shutil.rmtree(small, ignore_errors=True)
