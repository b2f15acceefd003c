"""One patient's archive and forgetting: everything, nothing else, and what could not be is told."""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import cli
from tests.builders import focal_result, rest_result
from tests.unit.library.test_reviews import saved
from tests.unit.library.test_store import KEY, file_result
from vision.errors import LibraryError, OutputError, SettingsError
from vision.library import database
from vision.library.patient import export_patient, forget_patient
from vision.library.reviews import file_review
from vision.library.store import Facts, Library


def said_in(path: Path) -> tuple[list[str], Any]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.namelist(), json.loads(archive.read("patient.json"))


def test_forget_takes_everything_and_nothing_else(library: Library, tmp_path: Path) -> None:
    file_result(library, focal_result(sha256=KEY), KEY, "P-1")
    file_result(library, rest_result(sha256=KEY), KEY, "P-1", request="ee" * 32)  # the first result is orphaned
    other = file_result(library, rest_result(sha256="11" * 32), "11" * 32, "P-2")
    assert export_patient(library, "P-1", tmp_path / "p.zip").files > 1
    gone = forget_patient(library, "P-1")
    assert (gone.clips, gone.outcomes, gone.results) == (1, 1, 2)
    assert [path.name for path in library.results.glob("*/*")] == [other]
    with pytest.raises(LibraryError, match="no patient"):
        forget_patient(library, "P-1")
    raw = (library.folder / "library.sqlite").read_bytes()
    assert KEY.encode() not in raw
    assert library.check() == []


def test_an_archive_holds_the_films_of_single_twitches(library: Library, tmp_path: Path) -> None:
    """They lie in a folder within the result."""
    folder = library.result_folder(file_result(library, focal_result(sha256=KEY), KEY, "P-1"))
    (folder / "event-clips" / "deep").mkdir(parents=True)
    (folder / "event-clips" / "event-1.mp4").write_bytes(b"film")
    held = export_patient(library, "P-1", tmp_path / "p.zip")
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        names = archive.namelist()
        assert [archive.read(name) for name in names if name.endswith("event-clips/event-1.mp4")] == [b"film"]
    assert len(names) == held.files == 1 + sum(path.is_file() for path in folder.rglob("*"))


def test_an_archive_is_never_overwritten(library: Library, tmp_path: Path) -> None:
    library.add_clip(KEY, Facts("P-1"))
    (tmp_path / "p.zip").write_text("mine")
    with pytest.raises(OutputError, match="already"):
        export_patient(library, "P-1", tmp_path / "p.zip")


def test_an_archive_holds_results_that_a_later_request_replaced_and_their_reviews(
    library: Library, tmp_path: Path
) -> None:
    first = focal_result(sha256=KEY)
    old = file_result(library, first, KEY, "P-1")
    file_review(library, saved(tmp_path / "r.json", first))
    new = file_result(library, rest_result(sha256=KEY), KEY, "P-1", request="ee" * 32)
    other = file_result(library, rest_result(sha256="11" * 32), "11" * 32, "P-2")
    assert export_patient(library, "P-1", tmp_path / "p.zip").missing == 0
    names, said = said_in(tmp_path / "p.zip")
    held = {name.split("/")[2] for name in names if name.startswith("results/")}
    assert (held, other in held, said["missing"]) == ({old, new}, False, [])
    assert sum(name.endswith("/review.json") for name in names) == 1


def test_what_is_missing_is_told_and_does_not_keep_the_rest(library: Library, tmp_path: Path) -> None:
    name = file_result(library, focal_result(sha256=KEY), KEY, "P-1")
    library.add_clip(KEY, Facts(kept_as=f"{KEY[:2]}/{KEY}.mp4"))
    (library.result_folder(name) / "result.json").unlink()
    held = export_patient(library, "P-1", tmp_path / "p.zip")
    names, said = said_in(tmp_path / "p.zip")
    assert said["missing"] == [f"clips/{KEY[:2]}/{KEY}.mp4", f"results/{name[:2]}/{name}/result.json"]
    assert (held.missing, held.files, len(said["outcomes"])) == (2, len(names), 1)


def test_a_file_older_than_zip_archives_is_in_one(library: Library, tmp_path: Path) -> None:
    folder = library.result_folder(file_result(library, focal_result(sha256=KEY), KEY, "P-1"))
    os.utime(folder / "events.csv", (0, 0))
    export_patient(library, "P-1", tmp_path / "p.zip")
    assert any(name.endswith("/events.csv") for name in said_in(tmp_path / "p.zip")[0])


def test_an_archive_that_cannot_be_written_is_one_clear_line(library: Library, tmp_path: Path) -> None:
    library.add_clip(KEY, Facts("P-1"))
    with pytest.raises(SettingsError, match="cannot be read"):
        export_patient(library, "P-1", tmp_path / f"{'x' * 300}.zip")
    with pytest.raises(OutputError, match="cannot be written"):
        export_patient(library, "P-1", tmp_path / "nowhere" / "p.zip")


def test_forgetting_says_when_another_program_holds_the_log(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that began before keeps SQLite from dropping the log, in which the removed rows stand."""
    monkeypatch.setattr(database, "BUSY_MS", 100)
    library.engine.dispose()
    file_result(library, focal_result(sha256=KEY), KEY, "P-1")
    log = library.folder / "library.sqlite-wal"
    with closing(sqlite3.connect(library.folder / "library.sqlite")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM outcomes").fetchall()
        with pytest.raises(LibraryError, match=r"removed, but another program .*; end it"):
            forget_patient(library, "P-1")
        assert log.stat().st_size > 0
    with pytest.raises(LibraryError, match="no patient"):
        forget_patient(library, "P-1")
    library.close()
    assert not log.exists()


@pytest.mark.parametrize("hostile", [b"a\x1b[2J", b"a\xff"], ids=["codes for the terminal", "no letters"])
def test_paths_are_told_without_what_a_terminal_acts_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], hostile: bytes
) -> None:
    folder = tmp_path / os.fsdecode(hostile)
    folder.mkdir()
    with Library(folder / "shelf") as library:
        result = focal_result(sha256=KEY)
        file_result(library, result, KEY, "P-1")
        saved(tmp_path / "r.json", result)
    shelf = ["--library", str(folder / "shelf")]
    for command in (
        ["summary", "--out", str(folder / "all.csv")],
        ["summary", "--out", str(folder / "all.parquet")],
        ["timeline", "P-1", "--out", str(folder / "t.html")],
        ["export", "--patient", "P-1", "--out", str(folder / "p.zip")],
    ):
        assert cli.main([*command, *shelf]) == 0
        said = capfd.readouterr()
        assert ("/a?" in said.out, "\x1b" in said.out, said.err) == (True, False, "")


def test_the_page_of_a_review_is_told_without_codes_for_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Library(tmp_path / "a\x1b[2J" / "shelf") as library:
        result = focal_result(sha256=KEY)
        file_result(library, result, KEY, "P-1")
    shelf = ["--library", str(library.folder)]
    assert cli.main(["review", str(saved(tmp_path / "r.json", result)), *shelf]) == 0
    said = capfd.readouterr().out
    assert ("/a?[2J/" in said, "\x1b" in said) == (True, False)
