"""The library: what is recorded comes back, once; what must not be opened is refused."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.builders import focal_result, rest_result
from vision.errors import ClipNotReadableError, LibraryError, SettingsError
from vision.library import database, files
from vision.library.rows import failure_rows, nothing_said, rows_of
from vision.library.schema import HEAD, Event, Outcome, Review, Table
from vision.library.store import Facts, Library, checked_patient, utc_now
from vision.report.export import write_result
from vision.settings import Settings

KEY, REQUEST = "ab" * 32, "cd" * 32
DAMAGED = ClipNotReadableError("film.mp4 is damaged", "a film", "copy it again")
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True).filter(lambda name: ".." not in name)


def file_result(library: Library, result, key: str = KEY, patient: str | None = None, request: str = REQUEST) -> str:
    aside = files.aside_in(library.work)
    write_result(result, aside)
    name = files.settle(aside, library.results)
    library.record(library.run_of(Settings()), key, request, Facts(patient), rows_of(result.document, name), None)
    return name


def count(library: Library, table) -> int:
    with database.reading(library.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@given(NAMES)
def test_what_is_an_id_stays_one(name: str) -> None:
    assert checked_patient(name) == name


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", "a..b", "-x", ".x", "a b", "é", "x" * 65, "a\n"])
def test_what_could_be_a_path_or_an_option_is_no_id(name: str) -> None:
    with pytest.raises(SettingsError, match="patient id"):
        checked_patient(name)


@given(times=st.integers(1, 4), kinds=st.lists(st.booleans(), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_order_outcomes_come_in_there_is_one_and_a_good_one_stays(
    tmp_path_factory: pytest.TempPathFactory, times: int, kinds: list[bool]
) -> None:
    good = rows_of(focal_result().document, "ef" * 32)
    bad = failure_rows(DAMAGED, "film.mp4")
    with Library(tmp_path_factory.mktemp("x") / "library") as library:
        run = library.run_of(Settings())
        for kind in kinds * times:
            library.record(run, KEY, REQUEST, Facts(), good if kind else bad, None)
        known = library.known(run)
        assert known[KEY].state == ("done" if any(kinds) else "failed")
        assert (count(library, Outcome), count(library, Event)) == (1, 14 if any(kinds) else 0)


def test_another_request_takes_the_place_of_the_outcome(library: Library) -> None:
    file_result(library, focal_result())
    file_result(library, rest_result(), request="ee" * 32)
    assert (count(library, Outcome), count(library, Event)) == (1, 0)


def test_other_settings_are_a_run_beside_the_old_one(library: Library) -> None:
    one = library.run_of(Settings())
    other = library.run_of(Settings.model_validate({"video": {"small_side_px": 300}}))
    assert library.run_of(Settings()) == one != other


def test_a_clip_belongs_to_one_patient(library: Library) -> None:
    library.add_clip(KEY, Facts("P-1"))
    with pytest.raises(LibraryError, match="another patient"):
        library.add_clip(KEY, Facts("P-2"))


def test_the_name_of_a_file_is_not_recorded() -> None:
    rows = failure_rows(ClipNotReadableError("Jane Doe.mp4 is damaged"), "Jane Doe.mp4")
    assert rows.outcome["reason"] == "the film is damaged"


def test_the_schema_is_what_the_migrations_make(library: Library) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with library.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
    assert database.version_of(library.engine) == HEAD


def test_a_newer_library_is_refused(tmp_path: Path) -> None:
    Library(tmp_path / "library").close()
    with closing(sqlite3.connect(tmp_path / "library" / "library.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LibraryError, match="newer version"):
        Library(tmp_path / "library")


def test_a_newer_library_is_left_as_it_is(tmp_path: Path) -> None:
    """Neither its folders nor its database are touched before it is refused."""
    folder = tmp_path / "library"
    Library(folder).close()
    (folder / "clips").rmdir()
    with closing(sqlite3.connect(folder / "library.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(LibraryError, match="newer version"):
        Library(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert not (folder / "clips").exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rubbish", "no address of a database"),
        ("mysql://host/name", r"names mysql; expected SQLite or PostgreSQL; write postgresql\+psycopg"),
        ("postgresql+psycopg://clinic@127.0.0.1:9/x", "the database refused"),
    ],
)
def test_a_database_that_is_none_leaves_no_library(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(LibraryError, match=said):
        Library(tmp_path / "library", url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stopped_in", ["write", "furnish"])
def test_a_library_whose_making_was_stopped_is_made_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_in: str
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"vision.library.mark.{stopped_in}", stop)
        with pytest.raises(KeyboardInterrupt):
            Library(tmp_path / "library")
    assert not (tmp_path / "library" / "library.json").exists()
    with Library(tmp_path / "library") as library:
        assert library.check() == []
    assert (tmp_path / "library" / "library.json").exists()


def test_folders_of_other_things_by_our_names_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "mine.mp4").write_bytes(b"film")
    with pytest.raises(LibraryError, match="something else"):
        Library(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["clips"]


def test_a_database_that_stays_locked_is_told_and_nothing_is_half_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 100)
    with Library(tmp_path / "library") as library:
        run = library.run_of(Settings())
        with closing(sqlite3.connect(tmp_path / "library" / "library.sqlite")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LibraryError, match=r"locked.*run the same command again"):
                library.record(run, KEY, REQUEST, Facts("P-1"), rows_of(focal_result().document, "ef" * 32), None)
            assert library.known(run) == {}  # who only reads does not wait
        done = library.record(run, KEY, REQUEST, Facts("P-1"), rows_of(focal_result().document, "ef" * 32), None)
        assert done.is_new


def test_a_damaged_database_is_refused_in_words(tmp_path: Path) -> None:
    Library(tmp_path / "library").close()
    (tmp_path / "library" / "library.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(LibraryError, match="damaged"):
        Library(tmp_path / "library")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(LibraryError, match="something else"):
        Library(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_reading_makes_no_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no library"):
        Library(tmp_path / "nothing", is_new_allowed=False)
    assert not (tmp_path / "nothing").exists()


def test_a_copy_is_the_original_or_nothing(tmp_path: Path, library: Library) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film" * 1000)
    key = hashlib.sha256(film.read_bytes()).hexdigest()
    name = files.keep_copy(film, library.clips, library.work, key, ".mp4")
    assert (library.clips / name).read_bytes() == film.read_bytes()
    with pytest.raises(ClipNotReadableError, match="changed"):
        files.keep_copy(film, library.clips, library.work, "00" * 32, ".mp4")
    assert list(library.work.iterdir()) == []


def test_a_film_of_which_something_was_said_is_not_replaced_by_nothing_said(library: Library) -> None:
    run, good, bad = library.run_of(Settings()), rows_of(focal_result().document, "ef" * 32), failure_rows(DAMAGED)
    for said, rows in ((REQUEST, bad), (nothing_said(), bad), (REQUEST, good)):
        assert library.record(run, KEY, said, Facts(), rows, None).is_new
    for rows in (good, bad):
        assert not library.record(run, KEY, nothing_said(), Facts(), rows, None).is_new
    assert (library.known(run)[KEY].request_sha256, count(library, Event)) == (REQUEST, 14)
    assert library.record(run, KEY, "ee" * 32, Facts(), good, None).is_new


def review_it(library: Library, times: int = 1) -> None:
    with database.writing(library.engine) as session:
        number = session.scalars(select(Outcome.id)).one()
        session.add_all(
            Review(outcome_id=number, reviewer=f"Dr {n}", reviewed_at=utc_now(), verdict_json="{}")
            for n in range(times)
        )


def test_reviews_that_are_lost_are_told(library: Library) -> None:
    run, rows = library.run_of(Settings()), rows_of(focal_result().document, "ef" * 32)
    assert library.record(run, KEY, REQUEST, Facts(), rows, None).note is None
    review_it(library, times=2)
    done = library.record(run, KEY, "ee" * 32, Facts(), rows, None)
    assert (done.reviews_gone, count(library, Review)) == (2, 0)
    assert "2 reviews of its earlier result no longer count" in str(done.note)


def test_a_result_that_was_gone_and_is_the_same_again_keeps_its_reviews(library: Library) -> None:
    run, rows = library.run_of(Settings()), rows_of(focal_result().document, "ef" * 32)
    library.record(run, KEY, REQUEST, Facts(), rows, None)
    review_it(library)
    assert not library.record(run, KEY, REQUEST, Facts(), rows, None, replaces=True).is_new
    assert count(library, Review) == 1
    other = rows_of(focal_result().document, "aa" * 32)
    assert library.record(run, KEY, REQUEST, Facts(), other, None, replaces=True).reviews_gone == 1


def test_a_damaged_result_is_settled_anew_with_all_its_files(library: Library) -> None:
    folder = library.result_folder(file_result(library, focal_result()))
    whole = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".npz"}
    (folder / "reviews").mkdir()
    for name in whole:
        (folder / name).write_bytes(b"{")
    assert not files.is_whole(folder)
    file_result(library, focal_result())
    assert files.is_whole(folder)
    assert {name: (folder / name).read_bytes() for name in whole} == whole
    assert ((folder / "reviews").is_dir(), list(library.work.iterdir())) == (True, [])


def test_settling_the_same_result_twice_keeps_one(library: Library) -> None:
    assert file_result(library, focal_result()) == file_result(library, focal_result())
    assert len(list(library.results.glob("*/*"))) == 1
    assert library.check() == []


def test_a_result_that_is_gone_is_found(library: Library) -> None:
    library.record(library.run_of(Settings()), KEY, REQUEST, Facts(), rows_of(focal_result().document, "ef" * 32), None)
    assert library.check() == ["result efefefefefef is recorded but not there"]
