"""Everything that twitchscope refuses, by whose problem it is.

    TwitchscopeError
    ├── ClipError               the clip
    │   ├── ClipNotFoundError       no such file, a folder, or not a regular file
    │   ├── ClipNotReadableError    empty, not a video, no video stream, nothing decodes
    │   ├── ClipTooShortError       less than the shortest clip that can carry an answer
    │   ├── ClipNotFetchedError     its store did not hand it over this time
    │   ├── NothingToMeasureError   neither a face nor an eye nor skin that can be tracked
    │   └── ClipStoppedError        its analysis crashed, hung or outgrew its limits
    ├── SettingsError           the settings file or an option
    ├── OutputError             the folder or file to write to
    ├── LibraryError            the library of results: its database, its disk, its engine
    │   ├── OtherPatientError       a film that is filed under another patient
    │   └── WorkerLostError         the machines that worked on a film went away
    ├── ResultFileError         a result.json that is missing, damaged or of another version
    ├── ShapeError              us: arrays that do not fit together
    └── DefectError             us: anything that nobody foresaw

Each says in one line what was found, what was expected and what to try. None carries a path beyond the
file's own name, none a frame: an error text may end in a log.
"""

from __future__ import annotations


class TwitchscopeError(Exception):
    """Base of all refusals.

    Parameters
    ----------
    found : what is there, e.g. ``"notes.mp4 holds no video"``.
    expected : what was needed, e.g. ``"a video file"``. May be empty where `found` says it all.
    advice : what to try next. May be empty.
    """

    def __init__(self, found: str, expected: str = "", advice: str = "") -> None:
        super().__init__(found, expected, advice)
        self.found = found
        self.expected = expected
        self.advice = advice

    def __str__(self) -> str:
        parts = [self.found]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.advice:
            parts.append(self.advice)
        return " ".join("; ".join(parts).split())


class ClipError(TwitchscopeError):
    """The clip cannot carry an answer."""


class ClipNotFoundError(ClipError):
    """There is no such regular file."""


class ClipNotReadableError(ClipError):
    """The file holds no picture that can be decoded."""


class ClipTooShortError(ClipError):
    """The clip ends before anything could be measured."""


class ClipNotFetchedError(ClipError):
    """The store that holds the clip did not hand it over; it may the next time."""


class NothingToMeasureError(ClipError):
    """No face, no eye and no skin that can be tracked."""


class ClipStoppedError(ClipError):
    """The process that read the clip crashed, hung or outgrew its limits, and was ended."""


class SettingsError(TwitchscopeError):
    """A setting or an option is not what it may be."""


class OutputError(TwitchscopeError):
    """The result cannot be written there."""


class LibraryError(TwitchscopeError):
    """The library, or what works for it, cannot do what is asked; what was recorded stays recorded."""


class OtherPatientError(LibraryError):
    """The film is filed under another patient."""


class WorkerLostError(LibraryError):
    """The workers that had the film were lost, several times: it may be the film's fault or the machines'."""


class ResultFileError(TwitchscopeError):
    """A result folder cannot be read."""


class ShapeError(TwitchscopeError):
    """Arrays that do not fit together: a defect of the program, not of the clip."""


class DefectError(TwitchscopeError):
    """Something that nobody foresaw stopped the process that read the clip. `trace` may hold paths: never log it."""

    def __init__(self, found: str, expected: str = "", advice: str = "", *, trace: str = "") -> None:
        super().__init__(found, expected, advice)
        self.trace = trace
