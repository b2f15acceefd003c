from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.tables import code_sha256, code_version, markdown_table

CELLS = st.one_of(st.none(), st.integers(), st.floats(), st.text(st.characters(exclude_categories=["Cc", "Zl", "Zp"])))


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_every_line_of_a_table_has_as_many_bars_and_letters(rows: list[list[object]]) -> None:
    lines = markdown_table([f"c{i}" for i in range(len(rows[0]))], rows).split("\n")
    assert len(lines) == len(rows) + 2
    assert {(line.count("|"), len(line)) for line in lines} == {(len(rows[0]) + 1, len(lines[0]))}


def test_none_is_empty_and_zero_is_zero() -> None:
    assert markdown_table(["a", "b"], [[None, 0.0]]).split("\n")[2] == "|     | 0.0 |"


def test_the_code_is_named_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "vision").mkdir()
    (tmp_path / "vision" / "a.py").write_text("x = 1\n")
    before = code_sha256("vision", tmp_path)
    assert code_sha256("vision", tmp_path) == before
    (tmp_path / "vision" / "a.py").write_text("x = 2\n")
    assert code_sha256("vision", tmp_path) != before


def test_without_git_the_commit_is_unknown(tmp_path: Path) -> None:
    assert code_version("vision", tmp_path) == "unknown (no git)"
