"""The table of the clinic: one row for each clip, causes in words, cells that no spreadsheet calculates."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import cli
from tests.builders import focal_result, rest_result
from tests.unit.library.test_store import file_result
from vision import errors
from vision.errors import ClipNotReadableError, SettingsError
from vision.library.rows import failure_rows, rows_of
from vision.library.store import PASSING, Facts, Library
from vision.library.summary import CAUSES, COLUMNS, gone_results, summarise, summary_lines, write_summary
from vision.settings import Settings


@pytest.fixture
def filled(library: Library) -> Library:
    run = library.run_of(Settings())
    again = library.run_of(Settings.model_validate({"video": {"small_side_px": 300}}))
    library.record(run, "aa" * 32, "r", Facts("P-1", body_part="=1+1"), rows_of(focal_result().document, "a"), None)
    library.record(again, "aa" * 32, "r", Facts("P-1"), rows_of(rest_result().document, "b"), None)
    bad = failure_rows(ClipNotReadableError("x is damaged", "a film", "copy it again"))
    library.record(run, "bb" * 32, "r", Facts(), bad, None)
    return library


def test_the_latest_outcome_of_each_clip_is_one_row(filled: Library, tmp_path: Path) -> None:
    found = summarise(filled)
    said = "\n".join(summary_lines(found))
    assert "2 clips of 1 patient: 1 with a result" in said
    assert "  no-twitch: 1" in said
    assert "cannot be read as a film: 1" in said
    write_summary(found, tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert [row["body_part"] for row in rows if row["patient"]] == ["'=1+1"]
    assert [row["advice"] for row in rows if row["state"] == "failed"] == ["copy it again"]


def test_parquet_holds_the_same_numbers(filled: Library, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = summarise(filled)
    write_summary(found, tmp_path / "all.parquet")
    table = parquet.read_table(tmp_path / "all.parquet")
    assert tuple(table.column_names) == COLUMNS
    assert table.column("rate_per_min").to_pylist() == [row[COLUMNS.index("rate_per_min")] for row in found.rows]


def test_a_page_has_a_filter_for_each_column(filled: Library, tmp_path: Path) -> None:
    write_summary(summarise(filled), tmp_path / "all.html")
    page = (tmp_path / "all.html").read_text()
    assert page.count('aria-label="Show only rows whose') == len(COLUMNS)
    assert "Research software, not a medical device" in page


def test_another_kind_of_table_is_refused(filled: Library, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="parquet"):
        write_summary(summarise(filled), tmp_path / "all.xls")
    assert list(tmp_path.glob("all*")) == []


def test_every_cause_has_words_and_is_a_class_of_ours() -> None:
    kinds = {kind.__name__ for kind in errors.ClipError.__subclasses__()}
    assert kinds | set(PASSING) <= set(CAUSES)
    assert all(hasattr(errors, name) for name in CAUSES)


def test_results_that_are_gone_are_told_by_their_clips(library: Library, capfd: pytest.CaptureFixture[str]) -> None:
    keys = [f"{n:02d}" * 32 for n in range(8)]
    names = [file_result(library, rest_result(sha256=key), key) for key in keys]
    assert gone_results(library) == []
    for name in names[1:]:
        (library.result_folder(name) / "result.json").unlink()
    assert gone_results(library) == keys[1:]
    assert cli.main(["summary", "--library", str(library.folder)]) == 0
    said = capfd.readouterr()
    assert said.err.startswith("7 results recorded but not in the library's folder, of clip 010101010101, 02")
    assert "050505050505 and 2 more; upload or batch makes them again" in said.err
    assert "8 clips of 0 patients: 8 with a result" in said.out
