"""Write a clip in a thread of its own, while the next picture is drawn: encoders let go of the interpreter."""

from __future__ import annotations

import queue
import threading
from types import TracebackType

from vision.model.arrays import ByteArray
from vision.video.encode import ClipWriter

MOST_WAITING = 8  # pictures between drawing and encoding: 12 MB of 540 x 960; our choice


class _GivenUpError(Exception):
    """Tells the writer that its film is not wanted any more."""


class AbreastWriter:
    """A `ClipWriter` that works in a thread of its own. Use it as a context manager.

    Parameters
    ----------
    writer : one that was not entered; the thread alone uses it. The film is the same, byte for byte.

    Raises
    ------
    What the writer raises, at one of the next pictures or at the end. Nothing is left behind then.
    """

    def __init__(self, writer: ClipWriter) -> None:
        self._writer = writer
        self._waiting: queue.Queue[tuple[ByteArray, float] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="film writer", daemon=True)
        self._is_given_up = self._has_ended = False
        self._error: BaseException | None = None

    def __enter__(self) -> AbreastWriter:
        self._thread.start()
        return self

    def write(self, picture: ByteArray, time_s: float) -> None:
        """Append a picture as `ClipWriter.write` does. It must not be changed afterwards."""
        if self._error is not None:
            raise self._error
        self._waiting.put((picture, time_s))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_given_up = error is not None
        self._waiting.put(None)
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            with self._writer as writer:
                for picture, time_s in iter(self._waiting.get, None):
                    if not self._is_given_up:
                        writer.write(picture, time_s)
                self._has_ended = True
                if self._is_given_up:
                    raise _GivenUpError
        except _GivenUpError:
            return
        except BaseException as failure:
            self._error = failure
            while not self._has_ended:  # whoever draws must not wait for room that nobody makes
                self._has_ended = self._waiting.get() is None
