"""Who does the work: processes of this machine, or Dask's. Both are executors of the standard library's kind."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vision.errors import LibraryError, SettingsError, WorkerLostError
from vision.library.work import close_fences

WORKER_BYTES = 2 << 30  # memory that one clip of a phone needs, with what is kept of it; our choice
WAITING_PER_WORKER = 2  # clips handed out for each worker: enough to keep it busy, few enough for any scheduler
CONNECT_S = 20.0  # for a scheduler to answer; our choice
WORKERLESS_S = 120.0  # until a cluster without workers counts as gone: an orderly restart is quicker; our choice
LOST_WORKERS = 3  # workers that may be lost over one clip before it counts as its fault; our choice


@dataclass(frozen=True)
class Engine:
    """An executor and what a batch must know of it.

    width : how many clips it works on at a time, now.
    judge : says what an error of the executor means: `WorkerLostError` where workers went away with a clip, another
        `LibraryError` where it is gone itself, None where neither.
    """

    executor: Executor
    width: Callable[[], int]
    judge: Callable[[BaseException], LibraryError | None]


def fitting_workers() -> int:
    """Choose one worker for each core that this process may use, as far as the free memory goes; at least one."""
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(psutil.virtual_memory().available // WORKER_BYTES)))


@contextmanager
def local_engine(workers: int) -> Iterator[Engine]:
    """Work with child processes of this one: each thread waits for its own process behind the fence."""
    executor = ThreadPoolExecutor(workers, thread_name_prefix="clip")
    try:
        yield Engine(executor, lambda: workers, lambda _error: None)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        close_fences()
        executor.shutdown(wait=True)
        close_fences()


@contextmanager
def dask_engine(where: str, workers: int) -> Iterator[Engine]:
    """Work on a Dask cluster: ``local`` starts one here, anything else is the address of a scheduler.

    Raises
    ------
    LibraryError
        Dask is not installed, the address is none, no scheduler answers, or it has no workers.
    """
    try:
        import dask
        import distributed
    except ImportError as error:
        raise LibraryError("Dask is not installed", "its package", "pip install 'twitchscope[cluster]'") from error
    with dask.config.set({"distributed.scheduler.allowed-failures": LOST_WORKERS}), _hushed():
        cluster = _local_cluster(distributed, workers) if where == "local" else None
        try:
            client = _client(distributed, where if cluster is None else cluster.scheduler_address)
            try:
                _require_workers(client)
                executor = client.get_executor(pure=False, retries=LOST_WORKERS)
                yield Engine(executor, _Width(client), judge_dask)
            finally:
                _leave(client)
        finally:
            if cluster is not None:
                cluster.close(timeout=5)


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep Dask's log off the terminal: what it would say is told in one line of ours."""
    log = logging.getLogger("distributed")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)


def _local_cluster(distributed: Any, workers: int) -> Any:
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    )


def _client(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT_S)
    except ValueError as error:
        raise SettingsError("--dask: this is no address", "local, or such as tcp://10.0.0.1:8786") from error
    except OSError as error:  # TimeoutError among them
        raise LibraryError(
            f"no Dask scheduler answers there within {CONNECT_S:g} s",
            "a running one",
            "see that it runs; dask scheduler",
        ) from error


def _leave(client: Any) -> None:
    """Have the workers drop what they keep for us, as far as they still answer, and go."""
    import contextlib

    with contextlib.suppress(Exception):
        client.run(close_fences, on_error="ignore", wait=False)
    with contextlib.suppress(Exception):
        client.close(timeout=5)


def _require_workers(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as error:
        raise LibraryError(
            f"the scheduler has had no worker for {CONNECT_S:g} s", "at least one", "start some: dask worker ADDRESS"
        ) from error


class _Width:
    """Counts the workers' threads: a cluster grows and shrinks. Calling it raises LibraryError where none come back."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._seen_s = time.monotonic()

    def __call__(self) -> int:
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        except Exception as error:  # a client whose scheduler died says nothing, or fails in ways of its own
            raise engine_lost() from error
        count = sum(int(worker["nthreads"]) for worker in workers)
        now_s = time.monotonic()
        if count:
            self._seen_s = now_s
        elif now_s - self._seen_s > WORKERLESS_S:
            raise engine_lost()
        return max(1, count)


def judge_dask(error: BaseException) -> LibraryError | None:
    """Say what an error of Dask means; see `Engine`. Its classes are known by name: Dask may not be installed."""
    kind = type(error).__name__
    if kind == "KilledWorker":
        return WorkerLostError(
            "all workers that had the film were lost",
            "workers with enough memory that stay",
            "it is tried again when the same command is run again",
        )
    if isinstance(error, ImportError) or "deserializ" in str(error):
        return LibraryError(
            "a worker has no twitchscope, or another version", "the same as here", "install the same everywhere"
        )
    if kind in {"CancelledError", "FutureCancelledError", "CommClosedError"} or isinstance(error, OSError):
        return engine_lost()
    return None


def engine_lost() -> LibraryError:
    """Say that nobody is left to do the work."""
    return LibraryError(
        "the scheduler or its workers are gone",
        "a running cluster",
        "nothing recorded is lost; run the same command again",
    )
