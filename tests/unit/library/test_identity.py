"""A database and the folder of its library: neither is taken for another's."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

import cli
from tests.builders import focal_result
from tests.unit.library.test_store import KEY, count, file_result
from vision.errors import LibraryError, OutputError
from vision.library import database, mark
from vision.library.schema import Outcome, Shelf
from vision.library.store import Facts, Library


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"


def forget_id(folder: Path, url: str | None, *places: str) -> None:
    """Make a library as older versions left it, or as an interruption would."""
    with Library(folder, url) as library, database.writing(library.engine) as session:
        if "database" in places:
            session.execute(text("DELETE FROM shelf"))
    if "folder" in places:
        said = json.loads((folder / "library.json").read_text())
        del said["id"]
        (folder / "library.json").write_text(json.dumps(said))


def held(library: Library) -> str | None:
    with database.reading(library.engine) as session:
        return session.scalars(select(Shelf.id)).one()


def test_a_new_folder_does_not_take_a_database_that_is_filled(tmp_path: Path, url: str) -> None:
    """What it would file and forget there would leave the other's files behind."""
    with Library(tmp_path / "one", url) as library:
        library.add_clip(KEY, Facts("P-1"))
    with pytest.raises(LibraryError, match="belong to two libraries"):
        Library(tmp_path / "two", url)
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize("is_filled", [True, False])
def test_two_libraries_keep_to_their_databases(tmp_path: Path, url: str, is_filled: bool) -> None:
    other = f"sqlite:///{tmp_path / 'other.sqlite'}"
    for name, database_url in (("one", url), ("two", other)):
        with Library(tmp_path / name, database_url) as library:
            if is_filled:
                file_result(library, focal_result(sha256=KEY), KEY, "P-1")
    for name, database_url in (("one", other), ("two", url)):
        command = ["summary", "--library", str(tmp_path / name), "--database", database_url]
        assert cli.main(command) == 1
        with pytest.raises(LibraryError, match=r"two libraries; expected the database that .*; check --library and"):
            Library(tmp_path / name, database_url)
    with Library(tmp_path / "one", url) as library:
        assert count(library, Outcome) == int(is_filled)


def test_a_fresh_database_is_not_taken_for_that_of_a_filled_library(tmp_path: Path, url: str) -> None:
    with Library(tmp_path / "one", url) as library:
        file_result(library, focal_result(sha256=KEY), KEY, "P-1")
    with pytest.raises(LibraryError, match="two libraries"):
        Library(tmp_path / "one", f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    forget_id(tmp_path / "one", url, "folder")
    with pytest.raises(LibraryError, match="two libraries"):
        Library(tmp_path / "one", f"sqlite:///{tmp_path / 'fresh.sqlite'}")


@pytest.mark.parametrize("places", [("folder",), ("database",), ("folder", "database")])
@pytest.mark.parametrize("is_elsewhere", [True, False])
@pytest.mark.parametrize("is_filled", [True, False])
def test_an_older_library_gets_its_id_when_it_is_opened(
    tmp_path: Path, url: str, places: tuple[str, ...], is_elsewhere: bool, is_filled: bool
) -> None:
    folder, where = tmp_path / "one", url if is_elsewhere else None
    if is_filled:
        with Library(folder, where) as library:
            file_result(library, focal_result(sha256=KEY), KEY, "P-1")
    forget_id(folder, where, *places)
    for _ in range(2):
        with Library(folder, where, is_new_allowed=False) as library:
            assert held(library) == mark.id_of(folder) is not None


def test_a_library_that_is_only_read_is_not_written_to(tmp_path: Path) -> None:
    Library(tmp_path / "one").close()
    before = (tmp_path / "one" / "library.json").stat()
    Library(tmp_path / "one").close()
    assert (tmp_path / "one" / "library.json").stat() == before


def test_a_backup_put_back_whole_is_the_same_library(tmp_path: Path, url: str) -> None:
    with Library(tmp_path / "one", url) as library:
        file_result(library, focal_result(sha256=KEY), KEY, "P-1")
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    with Library(tmp_path / "copy", url) as library:
        assert library.check() == []


@pytest.mark.parametrize("name", ["what?", "a?b=c", "a#b", "50%41", "é x", "a;b&c"])
def test_whatever_a_folder_is_called_its_database_lies_in_it(tmp_path: Path, name: str) -> None:
    with Library(tmp_path / name) as library:
        library.add_clip(KEY, Facts("P-1"))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "library.sqlite").is_file()


@pytest.mark.parametrize("address", ["s3://bucket/x", "gs://x", "file:///tmp/x", "postgresql+psycopg://host/name"])
def test_an_address_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LibraryError, match="names an address"):
        Library(Path(address))
    assert cli.main(["summary", "--library", address]) == 1
    assert "expected a folder on a disk" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def powerless() -> Iterator[Path]:
    """A folder of ours, as somebody sees it who may write nowhere in it (`close_to`): root may write anywhere."""
    folder = Path(tempfile.mkdtemp(prefix="twitchscope-"))  # pytest's own folder lets nobody else in
    folder.chmod(0o755)
    yield folder
    if os.geteuid() != os.getuid():
        os.seteuid(os.getuid())
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


def close_to(folder: Path) -> None:
    """Take the right to write away, and with it what root may do whatever the rights are."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.seteuid(65534)


@pytest.mark.skipif(os.name == "nt", reason="rights as POSIX has them")
def test_a_library_on_a_disk_that_takes_nothing_is_one_clear_line(
    powerless: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Library(powerless / "shelf") as library:
        file_result(library, focal_result(sha256=KEY), KEY, "P-1")
    shelf = ["--library", str(powerless / "shelf")]
    commands = [
        ["summary", *shelf],
        ["timeline", "P-1", *shelf, "--out", str(powerless / "t.html")],
        ["export", "--patient", "P-1", *shelf, "--out", str(powerless / "p.zip")],
    ]
    assert [cli.main(command) for command in commands] == [0, 0, 0]  # and their libraries are loaded
    (powerless / "p.zip").unlink()
    capfd.readouterr()
    close_to(powerless)
    for command in commands:
        assert cli.main(command) == 1
        said = capfd.readouterr()
        assert said.err == (
            "twitchscope: the library cannot be opened or written to; expected the right to write there; "
            "copy it to a disk that takes it\n"
        )
        assert said.out == ""
    with pytest.raises(OutputError, match=r"the library new cannot be written \(Permission denied\)"):
        Library(powerless / "new")
