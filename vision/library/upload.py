"""One film of a patient: looked at, copied, analysed, filed. Done again after an interruption it ends the same way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vision.errors import ClipError, DefectError, TwitchscopeError
from vision.isolate import Progress
from vision.library import files, work
from vision.library.rows import request_sha256
from vision.library.schema import DONE
from vision.library.store import Facts, Library
from vision.library.work import Filed, Job, file_clip
from vision.model.drawing import Drawing
from vision.model.request import Request
from vision.model.result import ResultDocument
from vision.report.facts import file_advice
from vision.report.folder import RESULT_NAME
from vision.settings import Settings
from vision.video.files import require_regular_file


@dataclass(frozen=True)
class Uploaded:
    """What came of it.

    was_there : the same film was analysed before in the same way.
    advice : of its file.
    note : what was lost by it; None where nothing was.
    """

    folder: Path
    document: ResultDocument
    was_there: bool
    advice: tuple[str, ...]
    note: str | None = None


def upload(
    library: Library, clip: Path, patient: str, request: Request, settings: Settings, *, keeps: bool = True,
    drawing: Drawing | None = None, on_progress: Progress | None = None,
) -> Uploaded:  # fmt: skip
    """File one film under a patient.

    The film is looked at before anything is copied, and analysed from the copy, so that what is recorded is what is
    kept. Copy and result are named by their content; both are there before the database says so.

    Parameters
    ----------
    keeps : a copy of the film, bit for bit.
    drawing : what is drawn of the result. A de-identified one takes the place of what was drawn before.

    Raises
    ------
    ClipError
        The film cannot be read: nothing is filed. Or its analysis carries no answer: that is recorded.
    LibraryError
        The film is filed under another patient, or the library fails.
    OutputError
        The disk of the library does not take it.
    """
    require_regular_file(clip, follow_links=settings.video.follow_links)
    key = files.sha256_of(clip)
    try:
        advice = tuple(file_advice(work.info(clip, settings)))
        suffix = clip.suffix.lower() if clip.suffix[1:].isalnum() else ""
        facts = Facts(patient, request.filmed_on, request.body_part, request.side, size_bytes=clip.stat().st_size)
        library.add_clip(key, facts)
        kept_as = files.keep_copy(clip, library.clips, library.work, key, suffix) if keeps else None
        library.add_clip(key, Facts(kept_as=kept_as))
        source = clip if kept_as is None else library.clips / kept_as
        job = Job(
            str(source), key, request, settings, str(library.work), str(library.results), patient, drawing or Drawing()
        )
        found = _result(library, job, key, patient, on_progress)
    finally:
        work.close_fences()
    folder = library.result_folder(found.name)
    document = ResultDocument.model_validate_json((folder / RESULT_NAME).read_text(encoding="utf-8"))
    return Uploaded(folder, document, found.was_there, advice, found.note)


@dataclass(frozen=True)
class _Found:
    name: str
    was_there: bool
    note: str | None = None


def _result(library: Library, job: Job, key: str, patient: str, on_progress: Progress | None) -> _Found:
    """Find the result of this film and request, or make and record it; one that is damaged is made anew."""
    run_id, asked = library.run_of(job.settings), request_sha256(job.request)
    known = library.result_of(key, run_id, asked)
    if known is not None and files.is_whole(library.result_folder(known)):
        if job.drawing is not None and job.drawing.deidentify:
            work.draw(library.result_folder(known), job, on_progress)
        return _Found(known, was_there=True)
    filed = file_clip(job, on_progress)
    if filed.changed:
        raise ClipError("the film changed while it was analysed", "a finished file", "try again")
    done = library.record(run_id, key, asked, Facts(patient=patient), filed.rows, None, replaces=known is not None)
    if filed.rows.outcome["state"] != DONE:
        raise _refused(filed, done.note)
    return _Found(str(filed.rows.outcome["result_sha256"]), was_there=False, note=done.note)


def _refused(filed: Filed, note: str | None) -> TwitchscopeError:
    error = filed.error or DefectError("a film was refused without a reason")
    error.advice = "; ".join(part for part in (error.advice, note) if part)
    return error
