"""Dask over TCP, clips in an S3-compatible store, PostgreSQL: each for real, on this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from vision.errors import LibraryError
from vision.library.database import reading
from vision.library.engines import dask_engine
from vision.library.schema import Clip, Outcome
from vision.library.store import Library

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


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own."""
    port = free_port()
    preload = tmp_path / "preload.py"
    preload.write_text("from tests.integration.faults.quick import hold\nhold()\n")
    address = f"tcp://127.0.0.1:{port}"
    run = [sys.executable, "-W", "ignore", "-m", "distributed.cli"]
    quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    scheduler = subprocess.Popen(
        [*run[:-1], "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        env=env, **quiet,  # type: ignore[call-overload]
    )  # fmt: skip
    assert answers(port, scheduler)
    worker = [*run[:-1], "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    worker += ["--preload", str(preload), "--local-directory", str(tmp_path)]
    processes = [scheduler, *(subprocess.Popen(worker, env=env, **quiet) for _ in range(2))]  # type: ignore[call-overload]
    yield address, processes
    for process in processes:
        process.kill()
        process.wait()


def test_dask_and_local_processes_give_the_same_results(clips: Path, tmp_path: Path, cluster) -> None:
    said = quick("batch", str(clips), "--library", str(tmp_path / "dask"), "--dask", cluster[0])
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


@pytest.mark.parametrize("victim", [0, 1], ids=["scheduler", "worker"])
def test_a_part_of_the_cluster_is_killed(clips: Path, tmp_path: Path, cluster, victim: int) -> None:
    library = tmp_path / "library"
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.faults.quick", "batch", str(clips)]
    command += ["--library", str(library), "--no-report", "--dask", cluster[0]]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ends_s = time.monotonic() + 60
    while not any((library / "results").glob("*/*")) and time.monotonic() < ends_s:
        time.sleep(0.02)
    cluster[1][victim].kill()
    said = process.communicate(timeout=120)[0].decode()
    assert "unexpected" not in said, said
    again = quick("batch", str(clips), "--library", str(library), "--workers", "2")
    with Library(library) as shelf:
        assert shelf.check() == []
        known = [one.state for one in shelf.known(1).values()]
    assert sorted(known) == ["done"] * 8 + ["failed"], again


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
        assert "0 done, 0 failed, 9 done before" in said, said
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
    folder, port = tmp_path / "postgresql", free_port()
    folder.mkdir()
    programs = Path(found[0]).parent
    prefix: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root
        if shutil.which("runuser") is None or subprocess.run(["id", "postgres"], capture_output=True).returncode:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        shutil.chown(folder, "postgres")
        for parent in [tmp_path, *list(tmp_path.parents)[:2]]:
            parent.chmod(0o755)
        prefix = ["runuser", "-u", "postgres", "--"]
    made = subprocess.run(
        [*prefix, str(programs / "initdb"), "-D", str(folder / "data"), "-U", "clinic", "-A", "trust"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"initdb refused: {made.stderr[-200:]}")
    command = [*prefix, str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-h", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "-k", str(folder)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert answers(port, server)
    time.sleep(1)  # it listens before it takes connections
    yield f"postgresql+psycopg://clinic@127.0.0.1:{port}/postgres"
    server.terminate()
    server.wait(timeout=30)


def test_the_same_commands_on_postgresql(clips: Path, tmp_path: Path, postgresql: str) -> None:
    library = str(tmp_path / "library")
    also = ("--library", library, "--database", postgresql)
    said = quick("batch", str(clips), *also, "--workers", "2", "--patient", "P-1")
    assert "8 done, 1 failed" in said, said
    assert "0 done, 0 failed, 9 done before" in quick("batch", str(clips), *also, "--workers", "2", "--patient", "P-1")
    assert "9 clips of 1 patients: 8 with a result" in quick("summary", *also)
    assert "8 films with a result" in quick("timeline", "P-1", *also, "--out", str(tmp_path / "p.html"))
    assert "expected --database" in quick("summary", "--library", library)
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
