"""The batch over an engine made by hand: what is passed over, filed, refused, and tried again the next time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import cli_clinic
from tests.builders import focal_result
from tests.unit.library.test_store import review_it
from vision.errors import ClipNotReadableError, LibraryError, OutputError
from vision.library import database, work
from vision.library.batch import Batch, Entry, Tally, _stamp, _Ticket
from vision.library.engines import Engine, judge_dask
from vision.library.rows import Rows, failure_rows, request_sha256, rows_of
from vision.library.schema import Clip, Outcome, Patient, Review
from vision.library.store import Facts, Library
from vision.library.work import Filed, Job, file_clip
from vision.model.drawing import Drawing
from vision.model.request import Request
from vision.settings import Settings


class Executor:
    """Answers at once, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Job], Filed]) -> None:
        self.answer, self.asked = answer, []

    def submit(self, _work: Any, job: Job) -> Future[Filed]:
        self.asked.append(job)
        future: Future[Filed] = Future()
        try:
            future.set_result(self.answer(job))
        except BaseException as error:
            future.set_exception(error)
        return future


def good(job: Job) -> Filed:
    assert job.key is not None
    if job.results:
        folder = Path(job.results) / job.key[:2] / job.key
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "result.json").write_text("{}")
    return Filed(job.key, rows_of(focal_result(sha256=job.key).document, job.key))


def run(library: Library, entries: list[Entry], answer: Callable[[Job], Filed] = good) -> tuple[Tally, list[str], int]:
    """Give the tally, the reasons of what failed, and how many films were handed out."""
    executor, reasons = Executor(answer), []

    def listen(_tally: Tally, _entry: Entry | None, rows: Any) -> None:
        if rows is not None and rows.outcome["state"] == "failed":
            reasons.append(rows.outcome["reason"])

    batch = Batch(library, entries, Settings(), on_change=listen, seed=1)
    tally = batch.run(Engine(executor, lambda: 2, judge_dask))  # type: ignore[arg-type]
    return tally, reasons, len(executor.asked)


def film(folder: Path, name: str, content: bytes = b"film", patient: str | None = None, **said: Any) -> Entry:
    (folder / name).write_bytes(content)
    return Entry(str(folder / name), Request(**said), Facts(patient))


def owners(library: Library) -> list[str | None]:
    with database.reading(library.engine) as session:
        return list(session.scalars(select(Patient.name).select_from(Clip).outerjoin(Patient)))


def test_a_patient_that_is_named_later_is_filed_without_a_second_analysis(library: Library, tmp_path: Path) -> None:
    run(library, [film(tmp_path, "a.mp4")])
    assert owners(library) == [None]
    tally, _, asked = run(library, [film(tmp_path, "a.mp4", patient="P-1")])
    assert (tally.passed, tally.failed, asked, owners(library)) == (1, 0, 0, ["P-1"])
    tally, reasons, asked = run(library, [film(tmp_path, "a.mp4", patient="P-2")])
    assert (tally.failed, asked, owners(library)) == (1, 0, ["P-1"])
    assert "another patient" in reasons[0]


def test_the_films_of_a_patient_come_together_and_in_an_order_of_chance(library: Library, tmp_path: Path) -> None:
    entries = [film(tmp_path, f"{n}.mp4", b"%d" % n, patient=f"P-{n % 4}") for n in range(40)]
    orders = []
    for seed in (1, 2):
        executor = Executor(good)
        Batch(library, entries, Settings.model_validate({"locate": {"preview_frame_count": 5 + seed}}), seed=seed).run(
            Engine(executor, lambda: 2, judge_dask)  # type: ignore[arg-type]
        )
        orders.append([job.place for job in executor.asked])
        patients = [job.source for job in executor.asked]
        assert sum(one != other for one, other in pairwise(patients)) == 3
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_one_film_twice_is_analysed_once(library: Library, tmp_path: Path) -> None:
    one = film(tmp_path, "a.mp4", patient="P-1")
    tally, _, asked = run(library, [one, one, film(tmp_path, "copy.mp4")])
    assert (tally.done, tally.passed, asked, owners(library)) == (1, 2, 1, ["P-1"])


@pytest.mark.parametrize("said", [{"patient": "P-2"}, {"side": "left"}])
def test_one_film_of_which_two_things_are_said_is_a_failure_of_the_second(
    library: Library, tmp_path: Path, said: dict[str, Any]
) -> None:
    entries = [film(tmp_path, "a.mp4", patient="P-1"), film(tmp_path, "b.mp4", **{"patient": "P-1", **said})]
    tally, reasons, asked = run(library, entries)
    assert (tally.done, tally.failed, tally.passed, asked) == (1, 1, 0, 1)
    assert "other things are said" in reasons[0]


class KilledWorker(Exception):  # noqa: N818 as Dask calls it
    """What Dask raises for a task that several workers died with."""


def test_films_whose_workers_were_lost_are_told_and_done_the_next_time(library: Library, tmp_path: Path) -> None:
    def killed(_job: Job) -> Filed:
        raise KilledWorker

    films = [film(tmp_path, "a.mp4")]
    tally, reasons, _ = run(library, films, killed)
    assert (tally.failed, "workers" in reasons[0]) == (1, True)
    tally, _, asked = run(library, films)
    assert (tally.done, asked) == (1, 1)
    with database.reading(library.engine) as session:
        assert list(session.scalars(select(Outcome.state))) == ["done"]


def test_what_failed_before_is_not_told_as_done(library: Library, tmp_path: Path) -> None:
    """Neither is it tried again unasked; one film twice is two that failed."""

    def bad(job: Job) -> Filed:
        error = ClipNotReadableError("damaged", "a film", "copy it again")
        return Filed(job.key or "", failure_rows(error)) if b"bad" in Path(job.place).read_bytes() else good(job)

    films = [film(tmp_path, "a.mp4"), film(tmp_path, "b.mp4", b"bad"), film(tmp_path, "c.mp4", b"bad")]
    assert run(library, films[:2], bad)[0].failed == 1
    tally, _, asked = run(library, films, bad)
    assert (tally.passed, tally.failed_before, tally.done, tally.failed, asked) == (1, 2, 0, 0, 0)
    assert tally.left_s is None
    again = Batch(library, films, Settings(), retries_failed=True, seed=1)
    tally = again.run(Engine(Executor(good), lambda: 2, judge_dask))  # type: ignore[arg-type]
    assert (tally.passed, tally.failed_before, tally.done) == (2, 0, 1)


@pytest.mark.parametrize("error", [OutputError("no room"), ModuleNotFoundError("vision"), ConnectionError()])
def test_what_is_no_fault_of_a_film_stops_the_batch_and_is_not_recorded(
    library: Library, tmp_path: Path, error: Exception
) -> None:
    def broken(_job: Job) -> Filed:
        raise error

    with pytest.raises((OutputError, LibraryError)):
        run(library, [film(tmp_path, "a.mp4")], broken)
    assert library.known(library.run_of(Settings())) == {}


def test_a_worker_that_is_not_fit_does_nothing(tmp_path: Path) -> None:
    entry, nowhere = film(tmp_path, "a.mp4"), str(tmp_path / "nowhere")
    job = Job(entry.place, None, Request(), Settings(), nowhere, nowhere, "")
    with pytest.raises(OutputError, match="does not find the library"):
        file_clip(job)
    with pytest.raises(LibraryError, match=r"expected 99 as here"):
        file_clip(Job(entry.place, None, Request(), Settings(), str(tmp_path), str(tmp_path), "", version="99"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4"]


def test_a_result_that_nobody_recorded_shows_no_more_than_is_wanted_now(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed run may have left it with clear pictures."""
    key = hashlib.sha256(b"film").hexdigest()

    class Fenced:
        def analyse(self, *_: Any) -> Any:
            return focal_result(sha256=key)

        def draw(self, folder: Path, _clip: Path, drawing: Drawing) -> None:
            (folder / "report.html").write_text("hidden" if drawing.deidentify else "clear")

    monkeypatch.setattr("vision.library.work._fence_for", lambda *_: Fenced())
    entry, work, results = film(tmp_path, "a.mp4"), str(library.work), str(library.results)
    for hides, shown in ((False, "clear"), (True, "hidden")):
        filed = file_clip(Job(entry.place, key, Request(), Settings(), work, results, "", Drawing(deidentify=hides)))
        name = filed.rows.outcome["result_sha256"]
        assert (library.result_folder(name) / "report.html").read_text() == shown
    assert list(library.work.iterdir()) == []


def test_a_film_that_changes_meanwhile_is_done_again(library: Library, tmp_path: Path) -> None:
    entry = film(tmp_path, "a.mp4")

    def changing(job: Job) -> Filed:
        if Path(job.place).read_bytes() == b"film":
            Path(job.place).write_bytes(b"another film")
        return good(job)

    tally, _, asked = run(library, [entry], changing)
    assert (tally.done, asked) == (1, 2)
    assert list(library.known(1)) == [hashlib.sha256(b"another film").hexdigest()]


def filed(library: Library, entry: Entry, answer: Callable[[Job], Filed]) -> str:
    """Record what `upload` was told of a film, with its result in the library; give the result's name."""
    key = hashlib.sha256(Path(entry.place).read_bytes()).hexdigest()
    rows = answer(Job(entry.place, key, entry.request, Settings(), "", "", "")).rows
    run_id = library.run_of(Settings())
    library.record(run_id, key, request_sha256(entry.request), entry.facts, rows, None)
    (library.result_folder(key)).mkdir(parents=True, exist_ok=True)
    (library.result_folder(key) / "result.json").write_text("{}")
    return key


def test_a_batch_that_is_told_nothing_of_a_film_leaves_what_was_said_and_reviewed(
    library: Library, tmp_path: Path
) -> None:
    told = film(tmp_path, "a.mp4", patient="P-1", side="left", capture_rate_hz=240.0, filmed_on="2026-03-01")
    key = filed(library, told, good)
    review_it(library)
    for patient in (None, "P-1"):
        tally, _, asked = run(library, [film(tmp_path, "a.mp4", patient=patient)])
        assert (tally.passed, tally.done, asked) == (1, 0, 0)
    assert library.known(library.run_of(Settings()))[key].request_sha256 == request_sha256(told.request)
    with database.reading(library.engine) as session:
        assert len(session.scalars(select(Review)).all()) == 1


def test_a_batch_that_knows_better_says_which_reviews_are_lost(library: Library, tmp_path: Path) -> None:
    filed(library, film(tmp_path, "a.mp4", side="left"), good)
    review_it(library)
    executor, notes = Executor(good), []
    entries = [film(tmp_path, "a.mp4", side="right")]
    batch = Batch(library, entries, Settings(), on_change=lambda _t, _e, rows: notes.append(rows and rows.note))
    batch.run(Engine(executor, lambda: 2, judge_dask))  # type: ignore[arg-type]
    assert [note for note in notes if note] == [
        "it was analysed anew; 1 review of its earlier result no longer count (their files stay beside that result)"
    ]


def test_what_another_program_records_meanwhile_is_not_done_again(library: Library, tmp_path: Path) -> None:
    told = film(tmp_path, "a.mp4", side="left")

    class Late(Batch):
        def _look(self, place: str) -> tuple[str | None, str | None]:
            filed(library, told, good)
            return super()._look(place)

    executor = Executor(good)
    tally = Late(library, [film(tmp_path, "a.mp4")], Settings()).run(
        Engine(executor, lambda: 2, judge_dask)  # type: ignore[arg-type]
    )
    assert (tally.passed, executor.asked) == (1, [])


def test_a_result_whose_file_is_gone_is_made_again_and_keeps_its_reviews(library: Library, tmp_path: Path) -> None:
    entry = film(tmp_path, "a.mp4", side="left")
    key = filed(library, entry, good)
    review_it(library)
    assert run(library, [entry])[2] == 0
    (library.result_folder(key) / "result.json").unlink()
    assert run(library, [film(tmp_path, "a.mp4")])[2] == 0  # who says nothing would make another one
    tally, _, asked = run(library, [entry])
    assert (tally.done, asked) == (1, 1)
    with database.reading(library.engine) as session:
        assert len(session.scalars(select(Review)).all()) == 1


def test_a_film_of_another_patient_is_refused_before_it_is_analysed(library: Library, tmp_path: Path) -> None:
    filed(library, film(tmp_path, "a.mp4", patient="P-1"), good)
    other = Settings.model_validate({"video": {"small_side_px": 300}})  # another run, which knows nothing of the film
    executor, said = Executor(good), []
    batch = Batch(
        library, [film(tmp_path, "a.mp4", patient="P-2")], other, on_change=lambda _t, _e, rows: said.append(rows)
    )
    tally = batch.run(Engine(executor, lambda: 2, judge_dask))  # type: ignore[arg-type]
    assert (tally.failed, executor.asked, owners(library)) == (1, [], ["P-1"])
    assert [rows.outcome["reason"] for rows in said if rows] == [
        "this film is filed under another patient; expected one patient for a film"
    ]


def test_what_an_object_held_is_remembered_though_it_is_another_patients(library: Library, tmp_path: Path) -> None:
    """Otherwise it would be fetched and analysed again with every batch."""
    key = filed(library, film(tmp_path, "a.mp4", patient="P-1"), good)
    batch = Batch(library, [], Settings())
    entry = film(tmp_path, "b.mp4", patient="P-2")
    assert batch._ticket(entry) is None  # known by its content; an object in a store is not, and ends here:
    rows = good(Job(entry.place, key, Request(), Settings(), "", "", "")).rows
    ticket = _Ticket(entry, _stamp(entry.place), Job(entry.place, None, Request(), Settings(), "", "", ""))
    batch._finish(Engine(Executor(good), lambda: 1, judge_dask), ticket, Filed(key, rows))  # type: ignore[arg-type]
    assert batch.tally.failed == 2
    assert [key for _, key in library.sources().values()] == [key]


def test_ctrl_c_while_an_outcome_is_taken_stops_the_batch_and_is_no_failure_of_a_film(
    library: Library, tmp_path: Path
) -> None:
    def stopped(_job: Job) -> Filed:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(library, [film(tmp_path, "a.mp4")], stopped)
    assert library.known(library.run_of(Settings())) == {}


def test_a_fence_that_was_ended_elsewhere_is_ended_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dask worker goes on with the fence that the batch before has closed."""
    closed = []

    class Fenced:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def close(self) -> None:
            closed.append(self)

    monkeypatch.setattr(work, "Fence", Fenced)
    settings = Settings()
    fence = work._fence_for("P-1", settings)
    work.close_fences()
    assert work._fence_for("P-1", settings) is fence
    work.close_fences()
    assert closed == [fence, fence]


def test_what_a_batch_did_to_reviews_is_a_line_on_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    entry, note = Entry("/films/a\x1b.mp4"), "it was analysed anew; 2 reviews of its earlier result no longer count"
    with cli_clinic._table() as show:
        show(Tally(2), entry, Rows({"state": "done"}))
        show(Tally(2), entry, Rows({"state": "done"}, note=note))
    assert capfd.readouterr().err == f"a?.mp4: {note}\n"
