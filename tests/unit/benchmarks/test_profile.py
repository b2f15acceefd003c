from __future__ import annotations

import pytest

from benchmarks import profile
from benchmarks.speed_parts import STAGES


def times(value: float) -> dict[str, float]:
    return dict.fromkeys([*STAGES, *profile.STEPS, "all"], value)


def test_the_table_has_a_row_for_every_stage_and_the_steps_below_tracking() -> None:
    lines = profile.table([(30, times(1.0)), (60, times(2.0))]).splitlines()[2:]
    names = [line.split("|")[1].strip() for line in lines]
    at = names.index("track")
    assert names[at + 1 : at + 1 + len(profile.STEPS)] == [f"— {step}" for step in profile.STEPS]
    assert [name for name in names if not name.startswith("—")] == [*STAGES, "all"]
    assert lines[0].split("|")[2:4] == [" 1.00   ", " 2.00   "]


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    text = f"before\n{profile.BEGIN}\nold\n{profile.END}\nafter\n"
    once = profile.written_into(text, "new")
    assert once == f"before\n{profile.BEGIN}\nnew\n{profile.END}\nafter\n"
    assert profile.written_into(once, "new") == once
    with pytest.raises(ValueError, match="lacks the marks"):
        profile.written_into("no marks", "new")


def test_the_docs_have_the_marks() -> None:
    profile.written_into(profile.DOCS.read_text(encoding="utf-8"), "new")


def test_every_step_names_a_function_that_is_there() -> None:
    for module, name in profile.STEPS.values():
        profile._wrap(profile.import_module(module), name, lambda call: call)
