"""One film filed under a patient: whatever stops it and wherever, the next time it ends in the same state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.builders import focal_result
from tests.unit.library.test_store import review_it
from vision.errors import NothingToMeasureError
from vision.library import database, files
from vision.library.schema import Clip, Event, Outcome, Patient, Review
from vision.library.store import Library
from vision.library.upload import Uploaded, upload
from vision.model.clip import ClipInfo
from vision.model.drawing import Drawing
from vision.model.request import Request
from vision.settings import Settings

CONTENT = b"film" * 1000
KEY = hashlib.sha256(CONTENT).hexdigest()
INFO = ClipInfo(KEY, "mp4", "h264", "yuv420p", 540, 720, 900, 30.0, 30.0, False, 0)


class Stopped(BaseException):
    """As a signal ends a program."""


class Fenced:
    """What stands behind the fence, without a film to look at."""

    analysed = 0

    def info(self, _clip: Path) -> ClipInfo:
        return INFO

    def analyse(self, _clip: Path, request: Request, *_: Any) -> Any:
        Fenced.analysed += 1
        if request.region_px is not None:
            raise NothingToMeasureError("nothing there", "skin", "another region")
        return focal_result(sha256=KEY)

    def draw(self, folder: Path, _clip: Path, _drawing: Drawing, *_: Any) -> None:
        (folder / "report.html").write_text("drawn")


@pytest.fixture(autouse=True)
def fence(monkeypatch: pytest.MonkeyPatch) -> None:
    Fenced.analysed = 0
    monkeypatch.setattr("vision.library.work._fence_for", lambda *_: Fenced())


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    return path


def put(library: Library, film: Path, **said: Any) -> Uploaded:
    return upload(library, film, "P-1", Request(**said), Settings())


def state(library: Library) -> tuple[list[str], list[int]]:
    """Every file and how many rows there are of each kind."""
    names = [str(path.relative_to(library.folder)) for path in library.folder.rglob("*")]
    with database.reading(library.engine) as session:
        tables = (Patient, Clip, Outcome, Event)
        counts = [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]
    return sorted(name for name in names if "library." not in name and not name.startswith("work")), counts


STEPS: dict[str, tuple[Any, str]] = {
    "noting the film": (Library, "add_clip"),
    "copying it": (files, "keep_copy"),
    "analysing it": (Fenced, "analyse"),
    "drawing it": (Fenced, "draw"),
    "settling the result": (files, "settle"),
    "recording it": (Library, "record"),
}


@pytest.mark.parametrize("is_late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_stopped_at_any_step_it_ends_the_same_when_it_is_run_again(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch, step: str, is_late: bool
) -> None:
    with Library(tmp_path / "whole") as whole:
        put(whole, film)
        wanted = state(whole)

    owner, name = STEPS[step]
    real: Callable[..., Any] = getattr(owner, name)

    def stop(*given: Any, **more: Any) -> None:
        if is_late:
            real(*given, **more)
        raise Stopped

    with Library(tmp_path / "shelf") as shelf, monkeypatch.context() as patched:
        patched.setattr(owner, name, stop)
        with pytest.raises(Stopped):
            put(shelf, film)
    with Library(tmp_path / "shelf") as shelf:
        put(shelf, film)
        assert state(shelf) == wanted
        assert (shelf.check(), list(shelf.work.iterdir())) == ([], [])


@pytest.mark.parametrize("damage", ["", "{", '{"clip": {}}', "[]"])
def test_a_damaged_result_is_made_again_and_keeps_its_reviews(library: Library, film: Path, damage: str) -> None:
    first = put(library, film)
    review_it(library)
    (first.folder / "result.json").write_text(damage)
    again = put(library, film)
    assert (again.was_there, again.note, again.folder, Fenced.analysed) == (False, None, first.folder, 2)
    assert put(library, film).was_there
    with database.reading(library.engine) as session:
        assert session.scalar(select(func.count()).select_from(Review)) == 1


def test_what_is_said_anew_says_which_reviews_are_lost(library: Library, film: Path) -> None:
    put(library, film)
    review_it(library)
    assert "1 review of its earlier result" in str(put(library, film, side="left").note)
    review_it(library)
    with pytest.raises(NothingToMeasureError, match=r"another region; it was analysed anew; 1 review of"):
        put(library, film, region_px=(0.0, 0.0, 5.0, 5.0))
