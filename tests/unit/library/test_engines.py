"""What a batch asks of its engine, without a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from vision.errors import LibraryError, WorkerLostError
from vision.library import engines
from vision.library.engines import fitting_workers, judge_dask, local_engine


class Client:
    """Says what it is told to say of its workers."""

    def __init__(self, said: Any) -> None:
        self.said = said

    def scheduler_info(self, n_workers: int) -> Any:
        assert n_workers == -1  # all, not the first five
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def test_the_threads_of_all_workers_are_counted() -> None:
    client = Client({"workers": {"a": {"nthreads": 2}, "b": {"nthreads": 3}}})
    assert engines._Width(client)() == 5


@pytest.mark.parametrize("said", [{}, OSError("closed"), RuntimeError("no loop")])
def test_a_client_without_scheduler_is_an_engine_that_is_lost(said: Any) -> None:
    """Found when the scheduler was killed at a random moment: `scheduler_info` then gives an empty dictionary."""
    with pytest.raises(LibraryError, match="run the same command again"):
        engines._Width(Client(said))()


def test_workers_may_be_away_for_a_while_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    width = engines._Width(Client({"workers": {}}))
    assert width() == 1
    monkeypatch.setattr(engines, "WORKERLESS_S", -1.0)
    with pytest.raises(LibraryError, match="gone"):
        width()


def test_errors_of_dask_are_judged() -> None:
    lost = type("KilledWorker", (Exception,), {})
    cancelled = type("FutureCancelledError", (Exception,), {})
    assert isinstance(judge_dask(lost()), WorkerLostError)
    for error in (cancelled(), OSError(), ImportError(), RuntimeError("Error during deserialization of the task")):
        said = judge_dask(error)
        assert isinstance(said, LibraryError)
        assert not isinstance(said, WorkerLostError)
    assert judge_dask(ValueError()) is None


def test_local_workers_fit_the_machine() -> None:
    assert fitting_workers() >= 1
    with local_engine(3) as engine:
        assert engine.width() == 3
        assert engine.executor.submit(sum, [1, 2]).result() == 3
        assert engine.judge(OSError()) is None
