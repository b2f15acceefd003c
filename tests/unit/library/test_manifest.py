"""A manifest: all its faults at once, or all its rows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import cli
from vision.errors import OutputError, SettingsError
from vision.library.manifest import entries_of, filmed_date, read_manifest, require_folder_apart
from vision.settings import FetchSettings, Settings

SETTINGS = Settings()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.mp4").write_bytes(b"a")
    (tmp_path / "b.mov").write_bytes(b"b")
    return tmp_path


def manifest(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_fault_is_told_at_once(folder: Path) -> None:
    rows = (
        "clip,patient,filmed,side,region,mm_per_px,mirrored\n"
        "a.mp4,../x,31/02,top,1 2 3,-1,maybe\n"
        "gone.mp4,P-1,2026-02-31,left,,,\n"
        "b.mov,P/1,2026-03-01,left,,,\n"
        "b.mov,P-1,,,,,\n"
    )
    with pytest.raises(SettingsError) as refused:
        read_manifest(manifest(folder, rows), SETTINGS)
    said = str(refused.value)
    of_line_2 = [f"line 2: {column}" for column in ("patient", "filmed", "side", "region", "mm_per_px", "mirrored")]
    others = ["line 3: clip", "line 3: filmed", "line 4: patient", "line 5: b.mov stands"]
    assert [word for word in of_line_2 + others if word not in said] == []


def test_columns_and_rows_are_told_together(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"did you mean patient.*line 2: clip.*line 3: 3 cells.*nothing was done"):
        read_manifest(manifest(folder, "clip,pateint\ngone.mp4,x\na.mp4,x,y\n"), SETTINGS)
    with pytest.raises(SettingsError, match="no column clip"):
        read_manifest(manifest(folder, "patient\nx\n"), SETTINGS)
    with pytest.raises(SettingsError, match="cells"):
        read_manifest(manifest(folder, "clip,patient\na.mp4,x,y\n"), SETTINGS)


def test_what_spreadsheets_make_of_a_table_is_read(folder: Path) -> None:
    """Semicolons, a byte order mark, rows of nothing at the end; the same file written in another way is the same."""
    (folder / "deep").mkdir()
    path = manifest(folder, "")
    path.write_bytes("\ufeffclip;mm_per_px;region\r\na.mp4;0.05;1,2,3,4\r\n;;\r\n".encode())
    (one,) = read_manifest(path, SETTINGS)
    assert (one.request.mm_per_px, one.request.region_px) == (0.05, (1, 2, 3, 4))
    with pytest.raises(SettingsError, match=r"line 2: mm_per_px '0,05': '0,05' is no number such as 0\.05"):
        read_manifest(manifest(folder, "clip;mm_per_px\na.mp4;0,05\n"), SETTINGS)
    with pytest.raises(SettingsError, match=r"line 3: a\.mp4 stands in line 2 already"):
        read_manifest(manifest(folder, "clip\na.mp4\ndeep/../a.mp4\n"), SETTINGS)
    path.write_bytes("clip\na.mp4,\xe4".encode("latin-1"))
    with pytest.raises(SettingsError, match="UTF-8"):
        read_manifest(path, SETTINGS)


def test_a_quotation_mark_without_a_partner_is_told_with_its_line(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"line 3: .*quotation marks in pairs"):
        read_manifest(manifest(folder, 'clip,patient\na.mp4,x\n"b.mov,x\n'), SETTINGS)


def test_rows_that_are_no_files_are_told_by_what_they_are(folder: Path) -> None:
    (folder / "link.mp4").symlink_to(folder / "a.mp4")
    os.mkfifo(folder / "pipe.mp4")
    (folder / "deep.mp4").mkdir()
    (folder / "empty.mp4").write_bytes(b"")
    rows = "clip,context\nlink.mp4,\npipe.mp4,\ndeep.mp4,\na.mp4,pipe.mp4\nempty.mp4,\n"
    with pytest.raises(SettingsError) as refused:
        read_manifest(manifest(folder, rows), SETTINGS)
    said = str(refused.value)
    assert "line 2: clip: link.mp4 is a symbolic link" in said
    assert "line 3: clip: pipe.mp4 is a pipe" in said
    assert "line 4: clip: deep.mp4 is a folder" in said
    assert "line 5: context 'pipe.mp4': there is no such file" in said
    assert "empty.mp4" not in said  # a broken film is a line of what comes out
    following = Settings.model_validate({"video": {"follow_links": True}})
    assert len(read_manifest(manifest(folder, "clip\nlink.mp4\n"), following)) == 1


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_manifest_that_is_no_file_is_refused_at_once(folder: Path, make) -> None:
    make(folder / "list.csv")
    with pytest.raises(SettingsError, match=r"list\.csv is a folder, pipe or device"):
        entries_of([str(folder / "list.csv")], SETTINGS)


def test_addresses_are_checked_with_all_the_rest(folder: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://manifest/a.mp4", "wb") as file:
        file.write(b"film")
    rows = (
        "clip,side\nabc://x/y.mp4,\nfile:///etc/a.mp4,\nsimplecache::memory://manifest/a.mp4,\n"
        "memory://manifest/gone.mp4,top\nmemory://manifest/a.mp4,\ngone.mp4,\n"
    )
    settings = Settings(fetch=FetchSettings(stores=("memory",)))
    with pytest.raises(SettingsError) as refused:
        read_manifest(manifest(folder, rows), settings)
    said = str(refused.value)
    wanted = (
        "line 2: clip: clips are not read from abc://", "line 3: clip: clips are not read from file://",
        "line 4: clip: clips are not read from simplecache::memory:// through another store", "line 5: side",
        "line 5: clip: nothing lies at that address", "line 7: clip: there is no file",
    )  # fmt: skip
    assert [words for words in wanted if words not in said] == []
    assert "line 6" not in said
    assert len(read_manifest(manifest(folder, "clip\nmemory://manifest/a.mp4\n"), settings)) == 1


def test_a_good_manifest_says_what_it_says(folder: Path) -> None:
    columns = "clip,patient,filmed,body_part,side,region,mm_per_px\n"
    rows = columns + "a.mp4,P-1,2026-03-01,eyelid,left,1 2 3 4,0.05\nb.mov,,,,,,\n"
    one, two = read_manifest(manifest(folder, rows), SETTINGS)
    assert (one.facts.patient, one.request.filmed_on, one.request.side) == ("P-1", "2026-03-01", "left")
    assert (one.request.region_px, one.request.mm_per_px) == ((1, 2, 3, 4), 0.05)
    assert (two.facts.patient, two.request.side, two.name) == (None, None, "b.mov")


def test_clips_are_found_below_a_folder_and_hidden_ones_are_not(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "C.MP4").write_bytes(b"c")
    (folder / "._a.mp4").write_bytes(b"")
    (folder / "notes.txt").write_text("x")
    assert [entry.name for entry in entries_of([str(folder)], SETTINGS)] == ["a.mp4", "b.mov", "C.MP4"]
    with pytest.raises(SettingsError, match="there is no"):
        entries_of([str(folder / "nowhere")], SETTINGS)


LONG = "x" * 300  # longer than any file system lets a name be: the system refuses to look, to root too


@pytest.mark.parametrize("place", [LONG, f"{LONG}/a.mp4", f"{LONG}.csv"])
def test_a_place_that_the_system_does_not_let_be_looked_at_is_one_clear_line(folder: Path, place: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^(x+|a\.mp4) cannot be read \(File name too long\); expected .*; check the path"
    ):
        entries_of([str(folder / place)], SETTINGS)
    with pytest.raises(SettingsError, match="cannot be read"):
        require_folder_apart([str(folder / place)], folder / "library")


def test_a_context_that_cannot_be_looked_at_is_a_fault_of_its_line(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"line 2: context: x+ cannot be read"):
        read_manifest(manifest(folder, f"clip,context\na.mp4,{LONG}\n"), SETTINGS)


def shut(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Have the system refuse to list such folders; root may read whatever their rights are."""
    real = os.scandir

    def scan(path: Any = ".") -> Any:
        if Path(path).name in names:
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scan)


def test_a_batch_tells_what_it_could_not_look_into_and_does_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "films" / "closed").mkdir(parents=True)
    (tmp_path / "films" / "a.mp4").write_bytes(b"")
    shut(monkeypatch, "closed")
    command = ["batch", str(tmp_path / "films"), "--library", str(tmp_path / "shelf"), "--workers", "1"]
    assert cli.main(command) == 1
    said = capfd.readouterr()
    assert said.err.splitlines()[0] == (
        "twitchscope: closed cannot be read (Permission denied); expected a path with the right to read; "
        "check the path and its rights; nothing in it was done"
    )
    assert "0 done, 1 failed, 0 done before, of 1 clips" in said.out


def test_folders_that_cannot_be_read_are_told_each_and_the_others_are_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed", "open", "shut\x1b"):
        (folder / name).mkdir()
        (folder / name / f"{name[0]}.mp4").write_bytes(b"x")
    shut(monkeypatch, "closed", "shut\x1b")
    with pytest.raises(SettingsError, match="cannot be read"):
        entries_of([str(folder)], SETTINGS)
    faults: list[SettingsError] = []
    found = entries_of([str(folder)], SETTINGS, on_fault=faults.append)
    assert [entry.name for entry in found] == ["a.mp4", "b.mov", "o.mp4"]
    assert sorted(fault.found for fault in faults) == [
        "closed cannot be read (Permission denied)", "shut? cannot be read (Permission denied)",
    ]  # fmt: skip


def test_a_library_inside_the_clips_is_refused(folder: Path) -> None:
    with pytest.raises(OutputError, match="inside"):
        require_folder_apart([str(folder)], folder / "library")


@pytest.mark.parametrize("value", ["31/02", "2026-02-31", "2999-01-01", "1066-10-14", "yesterday"])
def test_no_day_is_no_day(value: str) -> None:
    with pytest.raises(ValueError, match=r"date|future|before"):
        filmed_date(value)
