"""The fence: whatever opens a clip runs in one plain child process with limits, and only results come out.

    result = analyse_isolated(Path("clip.mp4"), Settings(), Request())

A clip that makes the child crash, hang or outgrow its memory becomes one `ClipStoppedError`; the caller goes on. The
child is started with `subprocess`, so a fence works inside of daemonic workers (multiprocessing's pools, Dask) too.
What is guarded and what is not: docs/security.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from vision import errors
from vision.blocks import PROCESS_COUNT
from vision.errors import ClipError, ClipStoppedError, DefectError, ShapeError, TwitchscopeError
from vision.video.files import require_regular_file, shown_name

if TYPE_CHECKING:
    from vision.model.clip import ClipInfo
    from vision.model.drawing import Drawing
    from vision.model.looks import Looks
    from vision.model.request import Request
    from vision.model.result import AnalysisResult
    from vision.settings import Settings
    from vision.wire import Kind, Parcel

    _Heard = queue.SimpleQueue[tuple[Kind, bytes] | None]

Progress = Callable[[float], None]
_Told = TypeVar("_Told")
# The child's own code. It starts in the folder that holds the package: no module that lies beside a clip is imported.
BEHIND = "from vision.behind import serve; serve()"
# Where OpenBLAS and MKL look for the number of their threads. Our matrices are small: waiting for work, a second thread
# took 9 to 15 % of an analysis's core seconds, and saved no time.
ALGEBRA_THREAD_COUNTS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# The same of all that work side by side: OpenMP, numexpr and OpenCV as well, and what we do in two processes.
THREAD_COUNTS = (
    "OMP_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", *ALGEBRA_THREAD_COUNTS, PROCESS_COUNT,
)  # fmt: skip
MOST_THREADS = 8  # of each library where nobody says: 64 would use the limit of address space up. Our choice
# glibc reserves 64 MiB of address space for each of up to eight heaps a processor; two do (measured with 64 threads:
# 1.3 GiB at most instead of 2.2, of which 0.34 are used).
# Its bar for giving an array back as soon as it is let go rises to 32 MiB with each one freed, and what lies between
# smaller ones stays: fixed at 2 MiB, a skin film of 40 s took 442 MiB instead of 504, and no more of the processor.
# What smaller ones leave free at the end of the heap is kept, up to 16 MiB: handed back and fetched anew with every
# frame it took 3 % of an analysis's core seconds.
HEAPS = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(2 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
}
HOME = Path(__file__).resolve().parents[1]
FEWER_OR_SHORTER = "film in 1080p, or cut the clip into shorter ones"


def analyse_isolated(
    path: Path, settings: Settings | None = None, request: Request | None = None, on_progress: Progress | None = None
) -> AnalysisResult:
    """Do what `vision.pipeline.analyse` does, in a child process of its own.

    Raises
    ------
    ClipStoppedError
        The child crashed, hung, or outgrew the limits of `settings.limits`.
    TwitchscopeError
        As `vision.pipeline.analyse`.
    """
    from vision.settings import Settings

    with Fence(settings or Settings()) as fence:
        return fence.analyse(path, request, on_progress)


class Fence:
    """One child process that reads clips for us. Use it as a context manager, or call `close`.

    Parameters
    ----------
    settings : of the analyses, and the limits of the child. None: those that `told` will tell, or the usual ones, so
        that the child may start before the caller's own libraries are loaded.
    behind : Python code that the child runs; tests put their own there.
    threads : of each numeric library in the child; None: one a processor, eight at most, and one for linear algebra.
        One where several children share a machine.

    Notes
    -----
    A fence may be used for several clips one after the other, which saves the loading of the libraries. The child ends
    with a clip that makes it crash, hang or run out of memory, and the next clip gets a new one. A child that a hostile
    clip has taken over without a crash would answer for the clips after it: give each clip a fence of its own unless
    all come from one source. On Linux the child shares some work with a copy of itself (`vision.blocks`), which has the
    same limits and ends with it.
    """

    def __init__(self, settings: Settings | None = None, behind: str = BEHIND, threads: int | None = None) -> None:
        self._told = settings
        self._behind = behind
        self._threads = threads
        self._child: subprocess.Popen[bytes] | None = None
        self._clear_scratch: Callable[[], object] = _nothing
        self._heard: _Heard | None = None

    def __enter__(self) -> Fence:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the child, if there is none: its libraries load while the caller does something else."""
        if self._child is not None:
            return
        scratch = tempfile.mkdtemp(prefix="twitchscope-")  # for its owner alone
        self._clear_scratch = weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        self._child = subprocess.Popen(  # noqa: S603 our own interpreter and our own code; no name of a clip, no shell
            [sys.executable, "-W", "ignore", "-c", self._behind, scratch],
            cwd=HOME,
            env=_surroundings(scratch, self._threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # native libraries talk there, and may name the file
        )
        self._heard = None

    def told(self, settings: Settings) -> Fence:
        """Take the settings of what will be asked."""
        self._told = settings
        return self

    @property
    def _settings(self) -> Settings:
        if self._told is None:
            from vision.settings import Settings

            self._told = Settings()
        return self._told

    def _listening(self) -> _Heard:
        """Give what the child says, which is taken off its pipe from the first question on."""
        assert self._child is not None
        if self._heard is None:
            self._heard = queue.SimpleQueue()
            listener = (self._child, self._heard, self._settings.limits.answer_bytes)
            threading.Thread(target=_listen, args=listener, daemon=True).start()
        return self._heard

    def close(self) -> None:
        """End the child, whatever it does."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for end in (child.stdin, child.stdout if self._heard is None else None):  # who listens closes the other
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()
        self._clear_scratch()

    def analyse(
        self, path: Path, request: Request | None = None, on_progress: Progress | None = None
    ) -> AnalysisResult:
        """Analyse one clip behind the fence. Raises as `analyse_isolated`."""
        from pydantic import TypeAdapter

        from vision.model.request import Request
        from vision.wire import result_of

        said = TypeAdapter(Request).dump_python(request or Request(), mode="json")
        return result_of(self.ask("analyse", path, {"request": said}, on_progress))

    def info(self, path: Path) -> ClipInfo:
        """Read what a clip's file says of itself, as `vision.video.probe.probe` does."""
        from vision.model.clip import ClipInfo

        return _checked(ClipInfo, self.ask("info", path, {}).plain)

    def look(self, path: Path) -> Looks | None:
        """See how a clip looks, from a few frames; no frame comes out."""
        from vision.model.looks import Looks

        plain = self.ask("look", path, {}).plain
        return None if plain is None else _checked(Looks, plain)

    def draw(
        self, folder: Path, clip: Path, drawing: Drawing | None = None, on_progress: Progress | None = None
    ) -> Path:
        """Draw the report of a result folder with the pictures of its clip, as `vision.report.draw.draw` does."""
        from pydantic import TypeAdapter

        from vision.model.drawing import Drawing
        from vision.report.folder import REPORT_NAME, clear_leftovers

        wanted = TypeAdapter(Drawing).dump_python(drawing or Drawing(), mode="json")
        clear_leftovers(folder)  # of a run that lost its power: they may hold pictures
        try:
            self.ask("draw", clip, {"folder": os.fspath(folder.absolute()), "drawing": wanted}, on_progress)
        except BaseException:  # Ctrl-C too: a child that was ended while it wrote leaves pictures half done
            clear_leftovers(folder)
            raise
        return folder / REPORT_NAME

    def ask(self, task: str, path: Path, told: dict[str, Any], on_progress: Progress | None = None) -> Parcel:
        """Have a task of `vision.behind` done on one clip, and wait for the answer.

        Raises
        ------
        ClipStoppedError, DefectError
            As the class says; the child has ended.
        TwitchscopeError
            The task's own refusal; the child goes on.
        """
        require_regular_file(path, follow_links=self._settings.video.follow_links)
        self.start()
        job = {"task": task, "path": os.fspath(path.absolute()), "settings": self._settings.model_dump_json(), **told}
        try:
            self._tell(job)
            return self._wait(shown_name(path), on_progress)
        except ClipStoppedError:
            self.close()
            raise
        except TwitchscopeError as error:
            if not isinstance(error, ClipError | errors.SettingsError | errors.OutputError | errors.ResultFileError):
                self.close()
            raise
        except BaseException:
            self.close()
            raise

    def _tell(self, job: dict[str, Any]) -> None:
        from vision.wire import send

        assert self._child is not None
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):  # a child that has ended shows in `_wait`
            send(self._child.stdin, "job", json.dumps(job).encode())

    def _wait(self, name: str, on_progress: Progress | None) -> Parcel:
        """Listen until the child answers, refuses, falls silent, takes too long or ends."""
        from vision.wire import share_of, unpack

        limits, listening = self._settings.limits, self._listening()
        began_s = time.monotonic()
        patience_s = limits.silence_s
        while True:
            left_s = began_s + limits.run_s - time.monotonic()
            try:
                heard = listening.get(timeout=max(0.0, min(patience_s, left_s)))
            except queue.Empty:
                is_late = left_s <= patience_s
                raise _stopped_for_time(name, patience_s, limits.run_s, is_late=is_late) from None
            # What follows the reading of a film grows with it, and is silent: it may take as long as all before it.
            patience_s = max(limits.silence_s, time.monotonic() - began_s)
            if heard is None:
                raise self._ended(name)
            kind, body = heard
            if kind == "progress":
                share = share_of(body)
                if on_progress is not None:
                    on_progress(share)
            elif kind == "answer":
                return unpack(body)
            elif kind == "memory":
                raise _stopped_for_memory(name, limits.memory_bytes)
            elif kind in ("refusal", "defect"):
                raise _error_of(kind, body)

    def _ended(self, name: str) -> ClipStoppedError:
        """Say how the child ended by itself."""
        assert self._child is not None
        code = self._child.wait()
        how = f"exit code {code}" if code >= 0 else _signal_name(-code)
        return ClipStoppedError(
            f"the analysis of {name} crashed ({how})",
            "a film that can be decoded within the limits",
            "convert it to H.264, or copy the original from the phone again",
        )


def _nothing() -> None:
    """There is no folder to clear yet."""


def _surroundings(scratch: str, threads: int | None) -> dict[str, str]:
    """Environment of a child: its libraries put temporary files where we take them away, however it ends."""
    usual = dict.fromkeys(THREAD_COUNTS, str(min(MOST_THREADS, os.cpu_count() or 1)))
    alone = dict.fromkeys(ALGEBRA_THREAD_COUNTS, "1")
    told = {} if threads is None else dict.fromkeys(THREAD_COUNTS, str(threads))
    return {**HEAPS, **usual, **alone, **os.environ, **told, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)}


def _checked(kind: type[_Told], plain: Any) -> _Told:
    """Believe nothing that does not fit the declaration."""
    from pydantic import TypeAdapter

    try:
        return TypeAdapter(kind).validate_python(plain)
    except ValueError as error:
        raise ShapeError("what the process behind the fence says does not fit", f"a {kind.__name__}") from error


def _listen(child: subprocess.Popen[bytes], heard: _Heard, most: int) -> None:
    """Take what the child says off its pipe, so that waiting can have an end; runs in a thread of its own."""
    from vision.wire import receive

    assert child.stdout is not None
    with child.stdout as stream, contextlib.suppress(OSError, ValueError, ShapeError):
        while (frame := receive(stream, most)) is not None:
            heard.put(frame)
    child.kill()  # it has closed its end, or does not keep to the language
    heard.put(None)


def _error_of(kind: Kind, body: bytes) -> TwitchscopeError:
    """Make the child's error ours; its class is looked up among our own."""
    try:
        told = json.loads(body)
        if kind == "defect":
            return DefectError(f"unexpected {told['kind']}", trace=told["trace"])
        found = getattr(errors, told["kind"], None)
        if not (isinstance(found, type) and issubclass(found, TwitchscopeError)):
            found = TwitchscopeError
        return found(str(told["found"]), str(told["expected"]), str(told["advice"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ShapeError("the process behind the fence gives no reason", "a refusal") from error


def _stopped_for_time(name: str, silence_s: float, run_s: float, *, is_late: bool) -> ClipStoppedError:
    what = f"took longer than {run_s:g} s" if is_late else f"gave no sign for {silence_s:.0f} s"
    return ClipStoppedError(f"the analysis of {name} {what} and was ended", "an end", FEWER_OR_SHORTER)


def _stopped_for_memory(name: str, memory_bytes: int) -> ClipStoppedError:
    return ClipStoppedError(
        f"the analysis of {name} needs more memory than the {memory_bytes / 2**30:.1f} GiB it may have",
        "a smaller film",
        f"{FEWER_OR_SHORTER}, or raise memory_bytes in the section limits of the settings",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
