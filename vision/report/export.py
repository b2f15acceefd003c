"""result.json, events.csv and signals.npz: written together, read back with every check."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from vision.errors import OutputError, ResultFileError, ShapeError
from vision.model.events import TwitchEvent
from vision.model.result import SCHEMA_VERSION, AnalysisResult, ResultDocument
from vision.report.folder import EVENTS_NAME, RESULT_NAME, SIGNALS_NAME, require_usable, written_aside
from vision.report.signals_file import load_signals, save_signals

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet would calculate such a text (OWASP)
CSV_DECIMALS = 6  # a microsecond, a millionth of a pixel: finer than any measurement here


def check_output_folder(folder: Path) -> None:
    """Refuse an output folder early; see `vision.report.folder.require_usable`.

    Raises
    ------
    OutputError
        It is a file, holds something that is not ours, or cannot be written.
    """
    require_usable(folder)


def write_result(result: AnalysisResult, folder: Path) -> None:
    """Write result.json, events.csv and signals.npz; nothing is half there, whatever happens.

    Raises
    ------
    OutputError
        The folder is not ours or cannot be written, or a text in the result is no Unicode.
    ShapeError
        The result would not read back: a defect of the program.
    """
    require_usable(folder)
    text = _document_json(result.document)
    with written_aside(folder) as aside:
        save_signals(aside / SIGNALS_NAME, result.signals, result.regions, content_sha256(text))
        (aside / EVENTS_NAME).write_text(events_csv(result.document), encoding="utf-8", newline="\n")
        (aside / RESULT_NAME).write_text(text, encoding="utf-8", newline="\n")


def read_result(folder: Path) -> AnalysisResult:
    """Read a result folder.

    Raises
    ------
    ResultFileError
        A file is missing, damaged, of another version, or was changed after the analysis.
    """
    text = _read_text(folder)
    document = _parse_document(text)
    signals, regions, sha256 = load_signals(folder / SIGNALS_NAME)
    if sha256 != content_sha256(text):
        raise ResultFileError(
            f"{RESULT_NAME} was changed, or {SIGNALS_NAME} belongs to another analysis",
            "both files as the analysis wrote them",
            "analyse the clip again",
        )
    return AnalysisResult(document=document, signals=signals, regions=regions)


def read_document(folder: Path) -> ResultDocument:
    """Read result.json alone, without the check that the signals beside it are its own. Raises as `read_result`."""
    return _parse_document(_read_text(folder))


def content_sha256(text: str) -> str:
    """Name a JSON text by what it says, whatever its spaces, line ends and order of keys."""
    canonical = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def result_sha256(document: ResultDocument) -> str:
    """Name a result by what it says: what a review and signals.npz are bound to."""
    return content_sha256(document.model_dump_json())


def events_csv(document: ResultDocument) -> str:
    """Write one row for each twitch, units in the header; an empty cell is "not measured"."""
    names = [field.name for field in dataclasses.fields(TwitchEvent)]
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(getattr(event, name)) for name in names] for event in document.events)
    return lines.getvalue()


def json_schema() -> str:
    """Write the JSON Schema of result.json (draft 2020-12)."""
    schema = ResultDocument.model_json_schema(mode="serialization")
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _document_json(document: ResultDocument) -> str:
    try:
        text = document.model_dump_json(indent=2) + "\n"
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise OutputError("a text of the result is no Unicode", "letters", "check --body-part") from error
    try:
        ResultDocument.model_validate_json(text)
    except ValidationError as error:
        raise ShapeError(f"the result would not read back ({_first_problem(error)})") from error
    return text


def _read_text(folder: Path) -> str:
    try:
        return (folder / RESULT_NAME).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _damaged("is no text") from error
    except OSError as error:
        raise ResultFileError(
            f"no {RESULT_NAME} can be read in {folder.name}", "a result folder of twitchscope", "check the path"
        ) from error


def _parse_document(text: str) -> ResultDocument:
    try:
        version = json.loads(text)["schema_version"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _damaged("is damaged, cut short or no result") from error
    if version != SCHEMA_VERSION:
        raise ResultFileError(
            f"{RESULT_NAME} is of schema {str(version)[:20]!r}",
            f"schema {SCHEMA_VERSION}",
            "read it with the version of twitchscope that wrote it, or analyse the clip again",
        )
    try:
        return ResultDocument.model_validate_json(text)
    except ValidationError as error:
        raise _damaged(f"does not fit the schema ({_first_problem(error)})") from error
    except ShapeError as error:
        raise _damaged(f"contradicts itself ({error.found})") from error


def _damaged(how: str) -> ResultFileError:
    return ResultFileError(f"{RESULT_NAME} {how}", "the file that the analysis wrote", "analyse the clip again")


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part)[:40] for part in problem["loc"])
    return f"{where}: {problem['msg'].lower()}"


def _cell(value: Any) -> Any:
    """Keep numbers as numbers and guard texts against being read as a formula."""
    if value is None:
        return ""
    if isinstance(value, float):
        return round(value, CSV_DECIMALS)
    if isinstance(value, str):
        guard = "'" if value.startswith(FORMULA_STARTS) else ""
        return guard + value.replace("\r", " ")  # the csv module of Python 3.11 does not quote a lone return
    return value
