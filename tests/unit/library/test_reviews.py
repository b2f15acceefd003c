"""Reviews in the library: bound to their result, recorded once, drawn beside it, and gone with the patient."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

import cli
from tests.builders import focal_result, rest_result
from tests.unit.library.test_store import KEY, file_result
from vision.errors import LibraryError, ResultFileError
from vision.library import database
from vision.library.patient import export_patient, forget_patient
from vision.library.reviews import file_review
from vision.library.schema import HEAD, Outcome, Review
from vision.library.store import Library
from vision.library.timeline import read_timeline
from vision.library.timeline_page import timeline_lines
from vision.report.export import result_sha256


def saved(path: Path, result: Any, **changes: Any) -> Path:
    """A review as a report saves it."""
    said = {
        "format": "twitchscope-review", "version": 1, "result_sha256": result_sha256(result.document),
        "reviewer": "Dr " + "X" * 80, "reviewed_at": "2026-11-23T01:00:00+02:00",
        "decisions": [{"event": 1, "verdict": "rejected", "remark": "a smile"}],
    } | changes  # fmt: skip
    path.write_text(json.dumps(said), encoding="utf-8")
    return path


@pytest.fixture
def result(library: Library) -> Any:
    """A result that is filed under P-1."""
    result = focal_result(sha256=KEY)
    file_result(library, result, KEY, "P-1")
    return result


def rows(library: Library) -> list[Review]:
    with database.reading(library.engine) as session:
        found = list(session.scalars(select(Review)))
        session.expunge_all()
    return found


def test_a_review_is_recorded_once_and_drawn_beside_its_result(library: Library, tmp_path: Path, result: Any) -> None:
    filed = file_review(library, saved(tmp_path / "r.json", result))
    assert (filed.patient, filed.was_there) == ("P-1", False)
    assert "1 rejected" in filed.page.read_text()
    assert filed.page.with_name("review.json").is_file()
    (folder,) = library.results.glob("*/*")
    assert (filed.page.is_relative_to(folder), (folder / "report.html").exists()) == (True, False)
    respaced = tmp_path / "again.json"
    respaced.write_text(json.dumps(json.loads((tmp_path / "r.json").read_text()), indent=4))
    assert file_review(library, respaced).was_there
    (row,) = rows(library)
    assert (len(row.reviewer), row.reviewed_at.isoformat()) == (64, "2026-11-22T23:00:00")
    assert json.loads(row.verdict_json)["reviewer"].endswith("X" * 80)
    other = file_review(library, saved(tmp_path / "r.json", result, reviewer="Dr Y"))
    assert (other.was_there, len(rows(library)), other.page != filed.page) == (False, 2, True)


def test_timeline_export_and_forget_count_reviews(library: Library, tmp_path: Path, result: Any) -> None:
    assert not any("reviewed" in line for line in timeline_lines(read_timeline(library, "P-1")))
    for name in ("one", "two"):
        file_review(library, saved(tmp_path / "r.json", result, reviewer=name))
    course = read_timeline(library, "P-1")
    assert [film.review_count for film in course.films] == [2]
    assert "1 film reviewed by a person; the figures here are the program's own." in timeline_lines(course)
    assert export_patient(library, "P-1", tmp_path / "p.zip").reviews == 2
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert sum(name.endswith("/review.json") for name in archive.namelist()) == 2
        assert len(json.loads(archive.read("patient.json"))["reviews"]) == 2
    assert forget_patient(library, "P-1").reviews == 2
    assert (rows(library), list(library.results.glob("*/*"))) == ([], [])


def test_what_reviews_nothing_here_is_refused_and_leaves_nothing(library: Library, tmp_path: Path, result: Any) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "text.json").write_text("[1]")
    wrong = {
        saved(tmp_path / "other.json", rest_result()): "reviews a result that this library does not hold; expected",
        saved(tmp_path / "stray.json", result, decisions=[{"event": 99, "verdict": "accepted"}]): "does not hold",
        saved(tmp_path / "old.json", result, version=7): "no review",
        tmp_path / "text.json": "text.json is no review",
        tmp_path / "pipe.json": "no file pipe.json",
        tmp_path / "gone.json": "no file gone.json",
    }
    before = sorted(library.folder.rglob("*"))
    for path, said in wrong.items():
        with pytest.raises(ResultFileError, match=said):
            file_review(library, path)
    assert (rows(library), sorted(library.folder.rglob("*"))) == ([], before)


def test_results_of_an_older_library_are_found(tmp_path: Path) -> None:
    """Its outcomes do not say what their results say, until they are looked for."""
    from alembic import command
    from alembic.config import Config

    result = focal_result(sha256=KEY)
    with Library(tmp_path / "old") as library:
        file_result(library, result, KEY, "P-1")
        config = Config()
        config.set_main_option("script_location", str(database.MIGRATIONS))
        with library.engine.execution_options(writes=True).begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
    with Library(tmp_path / "old") as library:
        assert database.version_of(library.engine) == HEAD
        assert not file_review(library, saved(tmp_path / "r.json", result)).was_there
        with database.reading(library.engine) as session:
            assert session.scalar(select(Outcome.content_sha256)) == result_sha256(result.document)
        assert library.check() == []


def test_a_result_is_found_without_reading_the_others(library: Library, tmp_path: Path, result: Any) -> None:
    file_result(library, rest_result(sha256="11" * 32), "11" * 32)
    with database.writing(library.engine) as session:
        session.execute(update(Outcome).where(Outcome.label == "no-twitch").values(content_sha256=None))
    file_review(library, saved(tmp_path / "r.json", result))
    with database.reading(library.engine) as session:
        assert session.scalar(select(func.count()).where(Outcome.content_sha256.is_(None))) == 1


def test_the_command_tells_each_review_in_a_line(
    library: Library, tmp_path: Path, result: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = saved(tmp_path / "r.json", result), tmp_path / "x\x1b[2J.json"
    bad.write_text("{}")
    command = ["review", str(bad), str(good), "--library", str(library.folder)]
    assert cli.main(command) == 1
    said = capfd.readouterr()
    assert said.err == (
        "twitchscope: x?[2J.json is no review; expected a review.json as the report saves it; save the review again\n"
    )
    assert said.out.startswith("Recorded for P-1: ")
    assert cli.main(["review", str(good), "--library", str(library.folder)]) == 0
    assert "r.json is recorded already" in capfd.readouterr().err


def test_no_library_no_review(tmp_path: Path) -> None:
    assert cli.main(["review", "r.json", "--library", str(tmp_path / "nothing")]) == 1
    with pytest.raises(LibraryError):
        Library(tmp_path / "nothing", is_new_allowed=False)
