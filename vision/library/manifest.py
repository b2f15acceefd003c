"""Which clips a batch is made of: folders searched through, addresses listed, or a manifest that says more of each."""

from __future__ import annotations

import csv
import datetime
import difflib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from vision.errors import ClipNotReadableError, OutputError, SettingsError, TwitchscopeError
from vision.library import files, remote
from vision.library.batch import Entry
from vision.library.store import Facts, checked_patient
from vision.model.request import Request
from vision.settings import Settings
from vision.video.files import require_regular_file, shown_name

SUFFIXES = (
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".3gp", ".3g2", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts", ".wmv",
    ".flv", ".ogv", ".gif", ".webp", ".hevc", ".h264",
)  # fmt: skip
COLUMNS = (
    "clip", "patient", "body_part", "side", "filmed", "view", "region", "mm_per_px", "capture_rate_hz", "mirrored",
    "context",
)  # fmt: skip
LONGEST_TEXT = 200
MOST_ROWS = 1_000_000
MOST_FAULTS_SHOWN = 50


def _refuse(error: SettingsError) -> None:
    raise error


def entries_of(
    places: Sequence[str],
    settings: Settings,
    patient: str | None = None,
    on_fault: Callable[[SettingsError], None] = _refuse,
) -> list[Entry]:
    """Find the clips of a batch.

    Parameters
    ----------
    places : folders, clips, addresses, or one manifest that ends in ``.csv``.
    settings : say which stores are read from, and whether links are followed.
    patient : whose all clips are; a manifest says so in its own column.
    on_fault : told each folder below a place that cannot be read; what it holds is left out. Raises, unless given.

    Raises
    ------
    SettingsError
        The manifest has faults (all are listed), or a place is not there or holds no clip.
    """
    if any(place.lower().endswith(".csv") for place in places):
        if len(places) > 1 or patient is not None:
            raise SettingsError("a manifest together with others", "the manifest alone", "name what else in its rows")
        return read_manifest(Path(places[0]), settings)
    facts = Facts(patient=None if patient is None else checked_patient(patient))
    found = [Entry(clip, Request(), facts) for place in places for clip in _clips_in(place, settings, on_fault)]
    if not found:
        raise SettingsError("no clip was found there", f"files such as {', '.join(SUFFIXES[:6])}", "check it")
    return found


def _clips_in(place: str, settings: Settings, on_fault: Callable[[SettingsError], None]) -> Iterator[str]:
    if remote.is_remote(place):
        yield from (name for name in remote.listed(place, settings.fetch) if Path(name).suffix.lower() in SUFFIXES)
        return
    path = Path(place)
    if files.looked_at(path, Path.is_dir):
        found = files.walked(path, lambda error: on_fault(files.not_looked_at(Path(error.filename), error)))
        # Hidden files are thumbnails and leftovers of copying ("._clip.mov" of macOS).
        clips = (file for file in found if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))
        yield from (str(file.absolute()) for file in sorted(clips))
    elif files.looked_at(path, Path.exists) or path.is_symlink():
        yield str(path.absolute())
    else:
        raise SettingsError(f"there is no {shown_name(path)}", "a folder, a clip or a manifest", "check the path")


def read_manifest(path: Path, settings: Settings) -> list[Entry]:
    """Read a manifest: CSV with a header; only the column ``clip`` must be there.

    Raises
    ------
    SettingsError
        Listing every fault of the file at once, each with its line.
    """
    header, rows = _rows(path)
    faults = _column_faults(header)
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for line, row in rows:
        wrong: list[str] = []
        if len(row) == len(header):
            entries.append(_entry(dict(zip(header, row, strict=True)), path.parent, settings, wrong))
            wrong += _doubles(entries[-1], seen, line)
        else:
            wrong.append(f"{len(row)} cells where the header has {len(header)}; quote texts that hold commas")
        faults += [f"line {line}: {fault}" for fault in wrong]
    faults += _missing_faults(seen, settings)
    if faults:
        shown = "; ".join(faults[:MOST_FAULTS_SHOWN])
        more = f"; and {len(faults) - MOST_FAULTS_SHOWN} more" if len(faults) > MOST_FAULTS_SHOWN else ""
        raise SettingsError(f"{path.name}: {shown}{more}", "a manifest without faults", "nothing was done; correct it")
    if not entries:
        raise SettingsError(f"{path.name} has no rows", "a row for each clip", "see docs/clinic.md")
    return entries


def _doubles(entry: Entry, seen: dict[str, int], line: int) -> list[str]:
    first = seen.setdefault(entry.place, line)
    return [] if first == line or not entry.place else [f"{entry.name} stands in line {first} already"]


def _missing_faults(lines: Mapping[str, int], settings: Settings) -> list[str]:
    """Ask the stores for all addresses together, once the rows are read."""
    far = [place for place in lines if remote.is_remote(place) and remote.is_allowed(place, settings.fetch)]
    gone = remote.missing(far)
    return [f"line {lines[place]}: clip: nothing lies at that address" for place in far if place in gone]


def _rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read header and rows with their lines; rows without any text are passed over, as spreadsheets leave them."""
    is_there, is_file = files.looked_at(path, Path.exists), files.looked_at(path, Path.is_file)
    if is_there and not is_file:  # opening a pipe would wait for somebody who writes into it
        raise SettingsError(f"{shown_name(path)} is a folder, pipe or device", "a file in CSV", "check the path")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            # Where the comma is the sign of decimals, spreadsheets write semicolons between cells.
            reader = csv.reader(file, strict=True, delimiter=max(",;\t", key=first.count))
            header = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except OSError as error:
        raise SettingsError(
            f"{path.name} cannot be read ({error.strerror})", "a file with the right to read", "check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} is no text in UTF-8", "CSV in UTF-8", "save it as 'CSV UTF-8'") from error
    except csv.Error as error:
        raise SettingsError(
            f"{path.name}: line {reader.line_num}: {error}", "quotation marks in pairs", "nothing was done; correct it"
        ) from error
    if len(rows) > MOST_ROWS:
        raise SettingsError(f"{path.name} is too long", f"{MOST_ROWS} rows at most", "split it")
    return header, rows


def _column_faults(columns: list[str]) -> list[str]:
    faults = [] if "clip" in columns else ["no column clip"]
    faults += [f"column {column} stands there twice" for column in sorted({c for c in columns if columns.count(c) > 1})]
    for column in columns:
        if column not in COLUMNS:
            close = difflib.get_close_matches(column, COLUMNS, n=1)
            known = f"did you mean {close[0]}?" if close else f"known are {', '.join(COLUMNS)}"
            faults.append(f"unknown column {column[:40]!r}, {known}")
    return faults


def _entry(row: Mapping[str, str], beside: Path, settings: Settings, wrong: list[str]) -> Entry:
    """Read one row; what is wrong with it goes to `wrong`."""

    def cell(column: str, read: Callable[[str], Any]) -> Any:
        value = (row.get(column) or "").strip()
        if not value:
            return None
        try:
            return read(value)
        except TwitchscopeError as error:
            wrong.append(f"{column}: {error}")
        except ValueError as error:
            wrong.append(f"{column} {value[:40]!r}: {error}")
        return None

    place = cell("clip", lambda value: _place(value, beside, settings))
    if place is None and "clip" in row and not wrong:
        wrong.append("clip: empty")
    filmed_on, body_part, side = (
        cell("filmed", filmed_date),
        cell("body_part", _text),
        cell("side", _one_of("left", "right")),
    )
    mirrored = cell("mirrored", _one_of("yes", "no"))
    request = Request(
        view=cell("view", _one_of("face", "eye", "skin")),
        region_px=cell("region", rectangle),
        body_part=body_part,
        side=side,
        filmed_on=filmed_on,
        mirrored=None if mirrored is None else mirrored == "yes",
        mm_per_px=cell("mm_per_px", positive),
        capture_rate_hz=cell("capture_rate_hz", positive),
        context=cell("context", lambda value: _context(value, beside)),
    )
    patient = cell("patient", checked_patient)
    return Entry(str(place or row.get("clip") or ""), request, Facts(patient, filmed_on, body_part, side))


def _place(value: str, beside: Path, settings: Settings) -> str:
    if remote.is_remote(value):
        remote.require_store(value, settings.fetch)
        return value
    path = os.path.normpath((beside / value).absolute())  # the same file is the same place, however it is written
    # A file that holds no film is one line of what comes out, and no fault of the manifest.
    with suppress(ClipNotReadableError):
        require_regular_file(Path(path), follow_links=settings.video.follow_links)
    return path


def _context(value: str, beside: Path) -> Any:
    from vision.context import load_context

    if not files.looked_at(beside / value, Path.is_file):
        raise ValueError("there is no such file")
    return load_context(beside / value, datetime.date.today())


def filmed_date(value: str) -> str:
    """Read a date such as 2026-03-31, not in the future.

    Raises
    ------
    ValueError
        It is none.
    """
    try:
        date = datetime.date.fromisoformat(value)
    except ValueError:
        raise ValueError("not a date such as 2026-03-31") from None
    if date > datetime.date.today():
        raise ValueError("lies in the future")
    if date.year < 1990:
        raise ValueError("lies before there were such cameras")
    return date.isoformat()


def rectangle(value: str) -> tuple[float, float, float, float]:
    """Read X Y W H in upright pixels, parted by blanks, commas or semicolons."""
    numbers = [_number(part) for part in value.replace(",", " ").replace(";", " ").split()]
    if len(numbers) != 4 or not all(math.isfinite(number) for number in numbers) or min(numbers[2:]) <= 0:
        raise ValueError("not four numbers X Y W H with W and H above 0")
    x, y, width, height = numbers
    return x, y, width, height


def positive(value: str) -> float:
    """Read a number above 0."""
    number = _number(value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError("not a number above 0")
    return number


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{value[:20]!r} is no number such as 0.05") from None


def _text(value: str) -> str:
    if not value.isprintable() or len(value) > LONGEST_TEXT:
        raise ValueError(f"not one line of at most {LONGEST_TEXT} letters")
    return value


def _one_of(*words: str) -> Callable[[str], Any]:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"not one of {', '.join(words)}")
        return value

    return read


def require_folder_apart(places: Sequence[str], library: Path) -> None:
    """Refuse a library that is itself searched for clips: its copies would be taken for new films.

    Raises
    ------
    OutputError
        It lies in one of the folders, or is one.
    SettingsError
        A folder cannot be looked at.
    """
    inside = Path(os.path.realpath(library))
    for place in places:
        if remote.is_remote(place) or not files.looked_at(Path(place), Path.is_dir):
            continue
        if inside.is_relative_to(os.path.realpath(place)):
            raise OutputError("the library lies inside the folder of clips", "a folder apart", "name another")
