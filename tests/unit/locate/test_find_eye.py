"""An eye is there where a third of the pictures show it, whoever looks at which of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vision.locate import eye
from vision.model.clip import Frame


class Model:
    """Remembers all that were made, and whether they were closed."""

    made: ClassVar[list[Model]] = []

    def __init__(self) -> None:
        self.is_closed = False
        Model.made.append(self)

    def close(self) -> None:
        self.is_closed = True


def frames(count: int) -> list[Frame]:
    return [Frame(i, i / 2, np.zeros((4, 4), np.uint8), False, np.full((4, 4, 3), i, np.uint8)) for i in range(count)]


def seen_in(shown: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def search(_model, picture):
        number = int(picture[0, 0, 0])
        return SimpleNamespace(centre=np.array([number, 0.0]), width=10.0 + number) if number in shown else None

    monkeypatch.setattr(eye, "EyeModel", Model)
    monkeypatch.setattr(eye, "search_eye", search)
    monkeypatch.setattr(eye, "follow_eye", lambda _model, _picture, fit, **_more: fit)
    monkeypatch.setattr(eye, "growth_when_turned", lambda *_: 1.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 9), st.sets(st.integers(0, 8)), st.sampled_from(["1", "2"]))
def test_a_third_of_the_pictures_must_show_it(monkeypatch, count, shown, threads) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    seen_in(shown, monkeypatch)
    there = sorted(number for number in shown if number < count)
    place = eye.find_eye(frames(count))
    assert (place is not None) == (bool(there) and 3 * len(there) >= count)
    if place is not None:
        assert place.centre[0] == there[0]
        assert place.width == np.median(there) + 10.0
    assert count == 0 or Model.made
    assert all(model.is_closed for model in Model.made)


def test_a_model_that_breaks_is_closed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    seen_in({1}, monkeypatch)
    monkeypatch.setattr(eye, "search_eye", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        eye.find_eye(frames(6))
    assert all(model.is_closed for model in Model.made)
