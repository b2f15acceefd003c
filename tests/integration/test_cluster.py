"""Dask over TCP, clips in an S3-compatible store, PostgreSQL: each for real, on this machine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from tests.integration.faults.test_faults import HITS, NEW_EACH, Shelf
from vision.errors import LibraryError
from vision.library.database import reading
from vision.library.engines import dask_engine
from vision.library.schema import Clip, Outcome
from vision.library.store import Library
from vision.report.export import content_sha256

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="servers as Linux has them")]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s and process.poll() is None:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def quick(*arguments: str, env: dict[str, str] | None = None) -> str:
    """Run the command line with the quick child of the fault tests behind the fence."""
    more = ["--no-report"] if arguments[0] == "batch" else []  # nothing there has a picture
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.faults.quick", *arguments, *more]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False, env={**os.environ, **(env or {})}
    )
    return ran.stdout + ran.stderr


def results(library: Library) -> dict[str, str | None]:
    with reading(library.engine) as session:
        rows = session.execute(select(Clip.key, Outcome.result_sha256).join(Outcome, Outcome.clip_id == Clip.id))
        return {row[0]: row[1] for row in rows}


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.mp4").write_bytes(b"film %d" % number)
    (folder / "bad.mp4").write_bytes(b"broken")
    return folder


class Cluster:
    """A scheduler and two workers, each a process of its own, talking over TCP."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._preload = folder / "preload.py"
        self._preload.write_text("from tests.integration.faults.quick import hold\nhold()\n")
        port = free_port()
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._run("dask_scheduler", "--host", "127.0.0.1", "--port", str(port))
        assert answers(port, self.scheduler)
        self.workers: list[subprocess.Popen[bytes]] = []
        for _ in range(2):
            self.add_worker()

    def _run(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore", "-m", f"distributed.cli.{what}", *arguments, "--no-dashboard"]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def add_worker(self) -> None:
        """Start one more worker, with the quick child behind its fence."""
        where = ("--preload", str(self._preload), "--local-directory", str(self._folder))
        self.workers.append(self._run("dask_worker", self.address, "--nthreads", "1", "--no-nanny", *where))

    def close(self) -> None:
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_dask_and_local_processes_give_the_same_results(clips: Path, tmp_path: Path, cluster: Cluster) -> None:
    said = quick("batch", str(clips), "--library", str(tmp_path / "dask"), "--dask", cluster.address)
    assert "8 done, 1 failed" in said, said
    assert "8 done, 1 failed" in quick("batch", str(clips), "--library", str(tmp_path / "local"), "--workers", "2")
    with Library(tmp_path / "dask") as one, Library(tmp_path / "local") as other:
        assert results(one) == results(other)
        assert one.check() == other.check() == []
        for folder in one.results.glob("*/*"):
            for file in folder.iterdir():
                twin = other.results / folder.parent.name / folder.name / file.name
                if file.suffix != ".npz":  # a zip archive holds the hour
                    assert file.read_bytes() == twin.read_bytes()


def test_a_real_film_has_one_result_here_and_on_dask(face_clip: Path, tmp_path: Path) -> None:
    """The whole analysis behind the real fence, by both engines; nothing in a result depends on the hour."""
    found = []
    for name, engine in (("local", ["--workers", "1"]), ("dask", ["--dask", "local", "--workers", "1"])):
        command = [sys.executable, "-W", "ignore", "cli.py", "batch", str(face_clip), "--library", str(tmp_path / name)]
        ran = subprocess.run(
            [*command, "--no-report", *engine], cwd=ROOT, capture_output=True, text=True, timeout=590, check=False
        )
        assert "1 done, 0 failed" in ran.stdout, ran.stderr
        (folder,) = (tmp_path / name / "results").glob("*/*")
        found.append(folder)
    here, there = found
    assert json.loads((here / "result.json").read_text()) == json.loads((there / "result.json").read_text())
    with np.load(here / "signals.npz") as one, np.load(there / "signals.npz") as other:
        assert sorted(one.files) == sorted(other.files) != []
        for name in one.files:
            assert (one[name].dtype, one[name].shape) == (other[name].dtype, other[name].shape), name
            assert one[name].tobytes() == other[name].tobytes(), name


def test_workers_of_the_cluster_are_killed(tmp_path: Path, cluster: Cluster) -> None:
    """One after the other in one batch, at random moments; a new one takes its place."""
    shelf = Shelf(tmp_path / "x")
    shelf.grow(HITS * NEW_EACH)
    process = shelf.start("--dask", cluster.address)
    for _ in range(HITS):
        shelf.wait_for_work(process, results=2)
        time.sleep(shelf.rng.uniform(0, 0.3))
        victim = cluster.workers.pop(shelf.rng.randrange(2))
        victim.kill()
        victim.wait()
        cluster.add_worker()
    said = process.communicate(timeout=600)[0].decode()
    assert "unexpected" not in said, said
    shelf.look()
    shelf.require_whole()


def test_the_scheduler_is_killed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "x")
    for hit in range(HITS):
        shelf.grow()
        (tmp_path / str(hit)).mkdir()
        cluster = Cluster(tmp_path / str(hit))
        try:
            process = shelf.start("--dask", cluster.address)
            shelf.wait_for_work(process)
            time.sleep(shelf.rng.uniform(0, 0.5))
            cluster.scheduler.kill()
            said = process.communicate(timeout=200)[0].decode()
        finally:
            cluster.close()
        assert "unexpected" not in said, said
        assert process.returncode == 1
        assert "run the same command again" in said or "1 failed" in said, said
        shelf.look()
    shelf.require_whole()


def test_a_scheduler_without_workers_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.library.engines.CONNECT_S", 10.0)
    cluster = Cluster(tmp_path)
    try:
        for worker in cluster.workers:
            worker.kill()
            worker.wait()
        with pytest.raises(LibraryError, match="no worker"), dask_engine(cluster.address, 1):
            pass
    finally:
        cluster.close()


def test_a_scheduler_that_does_not_answer_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.library.engines.CONNECT_S", 1.0)
    with pytest.raises(LibraryError, match="no Dask scheduler"), dask_engine(f"tcp://127.0.0.1:{free_port()}", 1):
        pass


def test_clips_are_read_from_object_storage(clips: Path, tmp_path: Path) -> None:
    pytest.importorskip("moto")
    import s3fs

    port = free_port()
    env = {
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **env})
    try:
        assert answers(port, server)
        store = s3fs.S3FileSystem(key="x", secret="x", endpoint_url=env["AWS_ENDPOINT_URL"])
        store.mkdir("films")
        for clip in clips.iterdir():
            store.put_file(str(clip), f"films/{clip.name}")
        said = quick("batch", "s3://films", "--library", str(tmp_path / "far"), "--workers", "2", env=env)
        assert "8 done, 1 failed" in said, said
        said = quick("batch", "s3://films", "--library", str(tmp_path / "far"), "--workers", "2", env=env)
        assert "0 done, 0 failed, 8 done before, 1 failed before" in said, said
        listed = tmp_path / "list.csv"
        listed.write_text("clip\ns3://films/0.mp4\ns3://films/gone.mp4\nabc://x/y.mp4\n")
        said = quick("batch", str(listed), "--library", str(tmp_path / "far"), env=env)
        assert "line 3: clip: nothing lies at that address" in said, said
        assert "line 4: clip: clips are not read from abc://" in said, said
        assert "line 2" not in said, said
        (tmp_path / "small.toml").write_text("[fetch]\nlargest_bytes = 5\n")
        small = ("--library", str(tmp_path / "small"), "--settings", str(tmp_path / "small.toml"))
        said = quick("batch", "s3://films/0.mp4", *small, env=env)
        assert "the film is larger than" in said, said
        assert "1 failed" in said, said
    finally:
        server.kill()
        server.wait()
    quick("batch", str(clips), "--library", str(tmp_path / "near"), "--workers", "2")
    with Library(tmp_path / "far") as far, Library(tmp_path / "near") as near:
        assert results(far) == results(near)
        assert list(far.work.iterdir()) == []


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[str]:
    """A server of our own on loopback, from Debian's package."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *filter(None, [shutil.which("initdb")])]
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    # Not below pytest's folder: another pytest that starts takes the right to enter that from the server's user.
    folder, port = Path(tempfile.mkdtemp(prefix="twitchscope-")), free_port()
    programs = Path(found[0]).parent
    prefix: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root
        if shutil.which("runuser") is None or subprocess.run(["id", "postgres"], capture_output=True).returncode:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        shutil.chown(folder, "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    made = subprocess.run(
        [*prefix, str(programs / "initdb"), "-D", str(folder / "data"), "-U", "clinic", "-A", "trust"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"initdb refused: {made.stderr[-200:]}")
    command = [*prefix, str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-h", "127.0.0.1"]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen([*command, "-k", str(folder)], cwd=folder, stdout=log, stderr=log)
    assert answers(port, server)
    time.sleep(1)  # it listens before it takes connections
    yield f"postgresql+psycopg://clinic@127.0.0.1:{port}/postgres"
    is_up = server.poll() is None
    server.terminate()
    server.wait(timeout=30)
    shutil.rmtree(folder, ignore_errors=True)
    assert is_up, (tmp_path / "server.log").read_text()


def review_of_one(results: Path, path: Path) -> Path:
    document = next(results.glob("*/*/result.json")).read_text()
    said = {
        "format": "twitchscope-review", "version": 1, "result_sha256": content_sha256(document),
        "reviewer": "Dr " + "X" * 80, "reviewed_at": "2026-11-23T01:00:00Z",
        "decisions": [{"event": 1, "verdict": "rejected"}],
    }  # fmt: skip
    path.write_text(json.dumps(said))
    return path


def test_the_same_commands_on_postgresql(clips: Path, tmp_path: Path, postgresql: str) -> None:
    library = str(tmp_path / "library")
    also = ("--library", library, "--database", postgresql)
    said = quick("batch", str(clips), *also, "--workers", "2", "--patient", "P-1")
    assert "8 done, 1 failed" in said, said
    assert "0 done, 0 failed, 8 done before, 1 failed before" in quick(
        "batch", str(clips), *also, "--workers", "2", "--patient", "P-1"
    )
    assert "9 clips of 1 patient: 8 with a result" in quick("summary", *also)
    assert "8 films with a result" in quick("timeline", "P-1", *also, "--out", str(tmp_path / "p.html"))
    assert "expected --database" in quick("summary", "--library", library)
    other = ("--library", str(tmp_path / "other"), "--database", postgresql)
    assert "belong to two libraries" in quick("batch", str(clips), *other, "--workers", "2")
    assert not (tmp_path / "other").exists()
    review = review_of_one(Path(library) / "results", tmp_path / "review.json")
    assert "Recorded for P-1" in quick("review", str(review), *also)
    assert "is recorded already" in quick("review", str(review), *also)
    assert "1 film reviewed by a person" in quick("timeline", "P-1", *also, "--out", str(tmp_path / "p.html"))
    both = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.integration.faults.quick", "batch", str(clips), *also,
             "--workers", "2", "--retry-failed", "--no-report"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert all(b"unexpected" not in process.communicate(timeout=120)[0] for process in both)
    with Library(Path(library), postgresql) as shelf:
        assert len(results(shelf)) == 9
        assert shelf.check() == []
    assert "Removed of P-1: 9 clips" in quick("forget", "--patient", "P-1", *also)
    assert "0 clips of 0 patients" in quick("summary", *also)
