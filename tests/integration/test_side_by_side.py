"""The locator works in a thread beside the tracker: same frame, same errors, no thread left behind."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from vision import pipeline
from vision.model.arrays import BoolArray
from vision.model.clip import Frame
from vision.settings import Settings
from vision.simulate.clip import simulate
from vision.simulate.named import scenario_named

LATE_S = 0.02  # slower than the tracker, so that it would run ahead if nobody waited


class Watched:
    """A locator that is slow, notes what it saw, and may fail at a frame."""

    def __init__(self, locator: object, fails_at: int | None) -> None:
        self._locator, self._fails_at = locator, fails_at
        self.seen: list[int] = []
        self.area_at: list[int] = []
        self.is_closed = False

    def observe(self, frame: Frame) -> None:
        time.sleep(LATE_S)
        if frame.index == self._fails_at:
            raise ZeroDivisionError
        self.seen.append(frame.index)
        self._locator.observe(frame)  # type: ignore[attr-defined]

    def area(self) -> BoolArray | None:
        self.area_at.append(self.seen[-1])
        return self._locator.area()  # type: ignore[attr-defined, no-any-return]

    def close(self) -> None:
        self.is_closed = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._locator, name)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "skin.mp4"
    simulate(scenario_named("skin-rest", width_px=320, height_px=240, duration_s=2.5), path, preset="ultrafast")
    return path


def watched(monkeypatch: pytest.MonkeyPatch, fails_at: int | None = None) -> list[Watched]:
    made: list[Watched] = []
    choose = pipeline.choose_locator

    def chosen(*args: object, **kwargs: object) -> Watched:
        made.append(Watched(choose(*args, **kwargs), fails_at))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(pipeline, "choose_locator", chosen)
    return made


def measure(clip: Path) -> pipeline.Measured:
    return pipeline.measure(clip, Settings(), pipeline.Request(view="skin"), lambda _share: None)


def test_a_slow_locator_changes_nothing(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = measure(clip)
    made = watched(monkeypatch)
    slow = measure(clip)
    assert made[0].seen == list(range(len(usual.signals.time_s)))
    assert made[0].area_at[0] == 0  # of the very frame that the grid is laid on
    np.testing.assert_array_equal(slow.signals.displacement_px, usual.signals.displacement_px)
    np.testing.assert_array_equal(slow.regions.outline_px, usual.regions.outline_px)


@pytest.mark.parametrize("fails_at", [0, 20])
def test_what_the_locator_raises_is_raised_and_all_is_closed(
    clip: Path, fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = watched(monkeypatch, fails_at)
    with pytest.raises(ZeroDivisionError):
        measure(clip)
    assert made[0].is_closed
    assert not [one for one in threading.enumerate() if one.name.startswith("locator")]


def test_what_the_tracker_raises_ends_the_locator_too(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watched(monkeypatch)

    def broken(_self: object, frame: Frame, *_more: object) -> None:
        if frame.index == 5:
            raise ZeroDivisionError

    monkeypatch.setattr(pipeline.GridTracker, "observe", broken)
    with pytest.raises(ZeroDivisionError):
        measure(clip)
    assert made[0].is_closed
    assert made[0].seen[-1] == 5
    assert not [one for one in threading.enumerate() if one.name.startswith("locator")]
