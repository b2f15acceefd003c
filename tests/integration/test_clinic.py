"""The commands of a clinic on one real film, from upload to forgetting."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import cli
from vision.isolate import Fence

pytestmark = pytest.mark.slow


def test_a_film_from_upload_to_forgetting(
    face_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shelf = ["--library", "shelf"]
    said = ["--patient", "P-1", "--filmed", "2026-03-01", "--body-part", "eyelid", "--side", "right", *shelf]
    assert cli.main(["upload", str(face_clip), *said]) == 0
    first = capfd.readouterr().out
    assert "Filed under P-1: " in first
    assert cli.main(["upload", str(face_clip), *said]) == 0
    again = capfd.readouterr()
    assert "is in the library already" in again.err
    assert first.splitlines()[-1] == again.out.splitlines()[-1]
    assert cli.main(["upload", str(face_clip), "--patient", "P-2", *shelf]) == 1
    assert "another patient" in capfd.readouterr().err
    (kept,) = Path("shelf/clips").glob("*/*")
    assert kept.read_bytes() == face_clip.read_bytes()
    assert cli.main(["timeline", "P-1", *shelf]) == 0
    assert "Too few to say" in capfd.readouterr().out
    assert Path("P-1-timeline.pdf").read_bytes().startswith(b"%PDF")
    assert cli.main(["summary", *shelf, "--out", "all.csv"]) == 0
    assert cli.main(["summary", *shelf, "--out", "all.html"]) == 0
    assert "1 clip of 1 patient" in capfd.readouterr().out
    for text in (Path("all.csv").read_text(), Path("all.html").read_text(), Path("P-1-timeline.html").read_text()):
        assert "Jane" not in text
    assert b"Jane" not in Path("shelf/library.sqlite").read_bytes()
    assert cli.main(["export", "--patient", "P-1", *shelf]) == 0
    with zipfile.ZipFile("P-1.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert [archive.read(name) for name in names if name.startswith("clips/")] == [face_clip.read_bytes()]
        assert (
            sum(name.endswith("/result.json") for name in names) == sum(name == "patient.json" for name in names) == 1
        )
    assert cli.main(["forget", "--patient", "P-1", *shelf]) == 0
    assert "Removed of P-1: 1 clips (1 copies), 1 outcomes" in capfd.readouterr().out
    assert [path for path in Path("shelf").rglob("*") if path.is_file() and "library" not in path.name] == []


def test_a_batch_that_failed_before_still_ends_with_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "films" / "a.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"no film")
    command = ["batch", str(clip.parent), "--library", str(tmp_path / "shelf"), "--workers", "1"]
    assert cli.main(command) == 1
    assert "0 done, 1 failed, 0 done before, of 1 clips" in capfd.readouterr().out
    assert cli.main(command) == 1
    said = capfd.readouterr()
    assert "0 done, 0 failed, 0 done before, 1 failed before, of 1 clips" in said.out
    assert "--retry-failed" in said.err


def test_wrong_use_is_told_before_anything_is_made(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "films" / "a.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"x")
    shelf = ["--library", str(tmp_path / "shelf")]
    assert cli.main(["upload", str(clip), "--patient", "../x", *shelf]) == 2
    assert cli.main(["upload", str(clip), "--patient", "P", "--filmed", "2026-02-31", *shelf]) == 2
    assert cli.main(["batch", str(tmp_path / "none"), *shelf]) == 2
    assert cli.main(["batch", str(clip.parent), "--dask", "tcp://x:1", "--workers", "2", *shelf]) == 2
    assert cli.main(["upload", str(clip), str(clip.with_name("no.mp4")), "--patient", "P", *shelf]) == 1
    assert cli.main(["batch", "file:///etc", *shelf]) == 2
    (tmp_path / "list.csv").write_text("clip\nfilms/a.mp4\nabc://x/y.mp4\n")
    assert cli.main(["batch", str(tmp_path / "list.csv"), *shelf]) == 2
    assert cli.main(["timeline", "P-1", *shelf]) == 1
    assert cli.main(["timeline", "P-1", *shelf, "--out", "x.pdf"]) == 2
    assert cli.main(["summary", *shelf, "--out", "x.xls"]) == 2
    assert not (tmp_path / "shelf").exists()
    assert all(line.startswith("twitchscope: ") for line in capfd.readouterr().err.splitlines())


def test_what_is_said_of_a_film_is_checked_and_reaches_its_result(
    face_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As `analyze` and the manifest take it; `--deidentify` hides what an earlier upload showed."""
    shelf = tmp_path / "shelf"
    upload = ["upload", str(face_clip), "--patient", "P-1", "--library", str(shelf)]
    for wrong in (["--region", "1,2,3"], ["--region", "1,2,3,0"], ["--capture-rate", "0"], ["--scale-mm-per-px", "-1"]):
        assert cli.main([*upload, *wrong]) == 2
    assert not shelf.exists()
    told = ["--view", "skin", "--region", "60,80,200,200", "--mirrored", "no", "--scale-mm-per-px", "0.5"]
    told += ["--capture-rate", "40"]
    assert cli.main([*upload, *told]) == 0
    (folder,) = shelf.glob("results/*/*")
    document = json.loads((folder / "result.json").read_text())
    assert (document["view"], document["recording"]["mirrored"]) == ("skin", False)
    assert document["regions"][0]["name"] == "skin"
    assert document["clip"]["mean_rate_hz"] == pytest.approx(40, rel=0.05)
    assert document["events"] == [] or document["events"][0]["amplitude_mm"] is not None
    clear = (folder / "report.html").read_bytes()
    assert cli.main([*upload, *told, "--deidentify"]) == 0
    assert "is in the library already" in capfd.readouterr().err
    assert list(shelf.glob("results/*/*")) == [folder]
    assert (folder / "report.html").read_bytes() != clear


def test_a_batch_hides_when_it_is_asked_to(
    face_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(Fence, "draw", lambda _self, _folder, _clip, drawing, *_: drawn.append(drawing))
    command = ["batch", str(face_clip), "--library", str(tmp_path / "shelf"), "--workers", "1", "--deidentify"]
    assert cli.main([*command, "--no-report"]) == 2
    assert cli.main(command) == 0
    assert [(one.deidentify, one.video) for one in drawn] == [(True, False)]
    assert cli.main(command) == 0
    assert "stay as they are" in capfd.readouterr().err


def test_a_name_with_codes_for_the_terminal_is_told_once_and_harmless(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = []

    @contextmanager
    def progress(label: str) -> Iterator[object]:
        labels.append(label)
        yield lambda _share: None

    monkeypatch.setattr(cli, "_progress", progress)
    clip = tmp_path / "a\x1b[2Jb.mp4"
    clip.write_bytes(b"no film")
    assert cli.main(["upload", str(clip), "--patient", "P-1", "--library", str(tmp_path / "shelf")]) == 1
    said = capfd.readouterr().err
    assert labels == ["a?[2Jb.mp4"]
    assert ("\x1b" not in said, said.count("a?[2Jb.mp4")) == (True, 1)


def test_a_copy_and_a_result_that_nobody_recorded_are_taken_up(face_clip: Path, tmp_path: Path) -> None:
    """As a killed upload leaves them; tests/unit/library/test_upload.py stops one at every step."""
    from vision.library.store import Library
    from vision.library.upload import upload
    from vision.model.request import Request
    from vision.settings import Settings

    with Library(tmp_path / "shelf") as shelf:
        upload(shelf, face_clip, "P-1", Request(), Settings())
        before = sorted(path.name for path in shelf.folder.rglob("*") if "library" not in path.name)
    for name in ("library.sqlite", "library.sqlite-wal", "library.sqlite-shm"):
        (tmp_path / "shelf" / name).unlink(missing_ok=True)
    shutil.rmtree(tmp_path / "shelf" / "work")
    with Library(tmp_path / "shelf") as shelf:
        upload(shelf, face_clip, "P-1", Request(), Settings())
        assert sorted(path.name for path in shelf.folder.rglob("*") if "library" not in path.name) == before
        assert shelf.check() == []
