"""Who does the work: processes of this machine, or Dask's. Both are executors of the standard library's kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vision.errors import LibraryError, SettingsError
from vision.library.work import close_fences

WORKER_BYTES = 2 << 30  # memory that one clip of a phone needs, with what is kept of it; our choice
WAITING_PER_WORKER = 2  # clips handed out for each worker: enough to keep it busy, few enough for any scheduler
CONNECT_S = 20.0  # for a scheduler to answer; our choice
LOST_WORKERS = 3  # workers that may be lost over one clip before it counts as its fault; our choice


@dataclass(frozen=True)
class Engine:
    """An executor, how many clips it may hold at a time, and whether an error means that it is gone itself."""

    executor: Executor
    width: Callable[[], int]
    is_lost: Callable[[BaseException], bool]


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
        yield Engine(executor, lambda: workers, lambda _error: False)
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
        Dask is not installed, the address is none, or no scheduler answers.
    """
    try:
        import dask
        import distributed
    except ImportError as error:
        raise LibraryError("Dask is not installed", "its package", "pip install 'twitchscope[cluster]'") from error
    with dask.config.set({"distributed.scheduler.allowed-failures": LOST_WORKERS}):
        cluster = _local_cluster(distributed, workers) if where == "local" else None
        try:
            client = _client(distributed, where if cluster is None else cluster.scheduler_address)
            try:
                executor = client.get_executor(pure=False, retries=LOST_WORKERS)
                yield Engine(executor, lambda: _threads_of(client), _is_cluster_lost)
            finally:
                _leave(client)
        finally:
            if cluster is not None:
                cluster.close(timeout=5)


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


def _threads_of(client: Any) -> int:
    """Count the workers' threads now: a cluster grows and shrinks."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return max(1, sum(int(worker["nthreads"]) for worker in workers))


def _is_cluster_lost(error: BaseException) -> bool:
    """Whether an error says that the scheduler is gone, not that a clip is bad."""
    return type(error).__name__ in {"CancelledError", "FutureCancelledError", "CommClosedError"} or isinstance(
        error, OSError
    )
