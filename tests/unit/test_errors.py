from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision import errors

WORDS = st.text(min_size=1).filter(lambda text: text.strip())


def all_kinds(kind: type[Exception] = errors.TwitchscopeError) -> list[type[Exception]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in all_kinds(child))]


@given(WORDS, st.text(), st.text())
def test_an_error_is_always_one_line_without_spare_blanks(found: str, expected: str, advice: str) -> None:
    line = str(errors.ClipNotReadableError(found, expected, advice))
    assert line == " ".join(line.split())
    assert len(line.splitlines()) == 1
    assert " ".join(found.split()) in line


@given(WORDS, st.text(), st.text())
def test_an_error_survives_its_way_between_processes(found: str, expected: str, advice: str) -> None:
    error = pickle.loads(pickle.dumps(errors.OutputError(found, expected, advice)))
    assert type(error) is errors.OutputError
    assert (error.found, error.expected, error.advice) == (found, expected, advice)


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (("a is empty", "a video", "copy it again"), "a is empty; expected a video; copy it again"),
        (("a is empty", "a video"), "a is empty; expected a video"),
        (("a is empty", "", "copy it again"), "a is empty; copy it again"),
        (("a\nis  empty",), "a is empty"),
    ],
)
def test_what_an_error_says(parts: tuple[str, ...], line: str) -> None:
    assert str(errors.TwitchscopeError(*parts)) == line


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    kinds = all_kinds()
    assert len(kinds) > 8
    for kind in kinds:
        assert kind.__name__ in (errors.__doc__ or "")
        assert kind.__doc__


def test_a_clip_s_problem_is_told_from_a_setting_s() -> None:
    clip = {kind for kind in all_kinds() if issubclass(kind, errors.ClipError)}
    assert errors.NothingToMeasureError in clip
    assert errors.SettingsError not in clip
    assert errors.ShapeError not in clip
