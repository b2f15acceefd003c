"""Many clips through one engine: what is done already is passed over, what is done is recorded at once.

The order is drawn by chance, the films of one patient together, since a worker keeps its process for them. Two batches
on one library then seldom take the same clip at the same time, and when they do, the second outcome is dropped. Nothing
has to be locked, so that a process that was killed leaves no lock behind.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from vision.errors import (
    ClipError,
    ClipNotReadableError,
    LibraryError,
    OtherPatientError,
    OutputError,
    SettingsError,
    WorkerLostError,
)
from vision.library import files, remote
from vision.library.engines import WAITING_PER_WORKER, Engine, engine_lost
from vision.library.rows import Rows, failure_rows, request_sha256
from vision.library.schema import DONE
from vision.library.store import Facts, Known, Library, other_patient
from vision.library.work import TRIES, Filed, Job, file_clip, place_sha256, refusal_of, unread_key
from vision.model.drawing import Drawing
from vision.model.request import Request
from vision.settings import Settings
from vision.video.files import require_regular_file

TICK_S = 0.5  # between two looks at the table


@dataclass(frozen=True)
class Entry:
    """One clip of a batch: where it lies and what was said of it."""

    place: str
    request: Request = field(default_factory=Request)
    facts: Facts = field(default_factory=Facts)

    @property
    def name(self) -> str:
        """Its file's name, fit for a terminal."""
        return "".join(letter if letter.isprintable() else "?" for letter in self.place.rsplit("/", 1)[-1])


@dataclass
class Tally:
    """How far a batch has come. `passed`: recorded before, or the same film twice. `failed_before`: so recorded."""

    total: int
    passed: int = 0
    failed_before: int = 0
    done: int = 0
    failed: int = 0
    running: int = 0
    began_s: float = field(default_factory=time.monotonic)

    @property
    def per_min(self) -> float | None:
        """Clips a minute so far; None before the first one."""
        finished, passed_s = self.done + self.failed, time.monotonic() - self.began_s
        return 60 * finished / passed_s if finished and passed_s > 0 else None

    @property
    def left_s(self) -> float | None:
        """Time left at the rate so far."""
        if self.per_min is None:
            return None
        left = self.total - self.passed - self.failed_before - self.done - self.failed
        return 60 * left / self.per_min


@dataclass(frozen=True)
class _Ticket:
    entry: Entry
    stamp: str | None
    job: Job
    tries: int = 1
    replaces: bool = False  # an outcome whose files are gone


OnChange = Callable[[Tally, Entry | None, Rows | None], None]


class Batch:
    """One batch.

    Parameters
    ----------
    retries_failed : do clips again that failed before with the same settings and version.
    drawing : what is drawn of each result; None: nothing.
    on_change : told the tally now and then, and each clip that ended with its outcome.
    """

    def __init__(
        self, library: Library, entries: Sequence[Entry], settings: Settings, *, retries_failed: bool = False,
        drawing: Drawing | None = None, on_change: OnChange = lambda *_: None, seed: int | None = None,
    ) -> None:  # fmt: skip
        self._library, self._settings, self._on_change = library, settings, on_change
        self._retries_failed, self._drawing = retries_failed, drawing
        self._entries = _in_chance_order(entries, seed)
        self.tally = Tally(len(self._entries))
        self.run_id = library.run_of(settings)
        self._known: dict[str, Known] = library.known(self.run_id)
        self._sources, self._owners = library.sources(), library.owners()
        self._taken: dict[str, Entry] = {}
        self._width = 1
        self._pending: dict[Future[Filed], _Ticket] = {}

    def run(self, engine: Engine) -> Tally:
        """Do what is left to do.

        Raises
        ------
        LibraryError, OutputError
            The library, its disk or the engine fails: what was recorded stays, and the same command goes on from there.
        """
        tickets = self._tickets()
        while True:
            self._fill(engine, tickets)
            if not self._pending:
                self._on_change(self.tally, None, None)
                return self.tally
            ended, _ = wait(self._pending, timeout=TICK_S, return_when=FIRST_COMPLETED)
            self._take(engine, ended)
            self._on_change(self.tally, None, None)

    def _fill(self, engine: Engine, tickets: Iterator[_Ticket]) -> None:
        """Hand out clips, never more than the engine can soon begin."""
        self._width = engine.width()
        room = WAITING_PER_WORKER * self._width - len(self._pending)
        while room > 0 and (ticket := next(tickets, None)) is not None:
            self._submit(engine, ticket)
            room -= 1

    def _submit(self, engine: Engine, ticket: _Ticket) -> None:
        try:
            self._pending[engine.executor.submit(file_clip, ticket.job)] = ticket
        except Exception as error:
            raise engine_lost() from error
        self._count_running()

    def _count_running(self) -> None:
        self.tally.running = min(len(self._pending), self._width)

    def _take(self, engine: Engine, ended: set[Future[Filed]]) -> None:
        """Record what ended; a failure of disk or engine waits until the others are recorded."""
        stopped: BaseException | None = None
        for future in ended:
            ticket = self._pending.pop(future)
            self._count_running()
            try:
                filed = future.result()
            except (OutputError, LibraryError) as error:
                stopped = error
                continue
            except Exception as error:
                said = engine.judge(error)
                if said is not None and not isinstance(said, WorkerLostError):
                    stopped = said
                    continue
                filed = Filed(ticket.job.key or unread_key(ticket.entry.place), refusal_of(said or error))
            self._finish(engine, ticket, filed)
        if stopped is not None:
            raise stopped

    def _finish(self, engine: Engine, ticket: _Ticket, filed: Filed) -> None:
        """Record an outcome, unless the file was another one when it ended."""
        stamp_now = None if ticket.stamp is None else _stamp(ticket.entry.place, is_fresh=True)
        if filed.changed or stamp_now not in (None, ticket.stamp):
            if ticket.tries < TRIES:
                again = self._ticket(ticket.entry, ticket.tries + 1)
                if again is not None:
                    self._submit(engine, again)
                return
            changing = ClipNotReadableError(f"{ticket.entry.name} keeps changing", "a finished file", "copy it first")
            filed = Filed(unread_key(ticket.entry.place), failure_rows(changing, ticket.entry.name))
        source = None if ticket.stamp is None else (place_sha256(ticket.entry.place), ticket.stamp)
        if filed.key.startswith("unread-"):
            source = None
        request = request_sha256(ticket.entry.request)
        try:
            done = self._library.record(
                self.run_id, filed.key, request, ticket.entry.facts, filed.rows, source, replaces=ticket.replaces
            )
        except OtherPatientError as error:
            if source is not None:  # of an object in a store nobody knew before what it holds
                self._library.remember(source, filed.key)
            self._note(ticket.entry, failure_rows(error))
            return
        self._note(ticket.entry, replace(filed.rows, note=done.note))

    def _note(self, entry: Entry, rows: Rows) -> None:
        if rows.outcome["state"] == DONE:
            self.tally.done += 1
        else:
            self.tally.failed += 1
        self._on_change(self.tally, entry, rows)

    def _tickets(self) -> Iterator[_Ticket]:
        """Look at one clip after the other, when its turn comes, and pass over what need not be done."""
        for entry in self._entries:
            ticket = self._ticket(entry)
            if ticket is not None:
                yield ticket

    def _ticket(self, entry: Entry, tries: int = 1) -> _Ticket | None:
        stamp, key = self._look(entry.place)
        name, request = key or unread_key(entry.place), request_sha256(entry.request)
        is_twin = tries == 1 and name in self._taken
        first = self._taken.setdefault(name, entry)
        if is_twin or self._is_settled(name, request):
            self._pass_over(entry, name, first)
            return None
        if entry.facts.patient not in (None, self._owners.get(name, entry.facts.patient)):
            self._note(entry, failure_rows(other_patient()))  # before minutes are spent on it
            return None
        library = self._library
        job = Job(
            entry.place, key, entry.request, self._settings, str(library.work), str(library.results),
            entry.facts.patient or "", self._drawing,
        )  # fmt: skip
        known = self._known.get(name)
        replaces = known is not None and (known.state, known.request_sha256) == (DONE, request)
        return _Ticket(entry, stamp, job, tries, replaces)

    def _pass_over(self, entry: Entry, key: str, first: Entry) -> None:
        """File what is new of a film that need not be analysed: whose it is. Refuse what contradicts itself."""
        try:
            if first.request != entry.request or len({first.facts.patient, entry.facts.patient} - {None}) > 1:
                raise SettingsError(
                    f"the same film as {first.name}, of which other things are said", "the same of both", "correct it"
                )
            known = self._known.get(key)
            if entry.facts.patient is not None and (known is None or known.patient != entry.facts.patient):
                self._library.add_clip(key, entry.facts)
        except (OtherPatientError, SettingsError) as error:
            self._note(entry, failure_rows(error))
            return
        if self._has_failed(known, entry):
            self.tally.failed_before += 1
        else:
            self.tally.passed += 1

    def _has_failed(self, known: Known | None, entry: Entry) -> bool:
        """Whether it failed in an earlier batch and is not tried again in this one."""
        is_same = known is not None and known.request_sha256 == request_sha256(entry.request)
        return is_same and known is not None and known.state != DONE and known.is_settled(self._retries_failed)

    def _look(self, place: str) -> tuple[str | None, str | None]:
        """Give stamp and key of what lies there, reading it only where it is not known by its stamp."""
        stamp = _stamp(place)
        known = self._sources.get(place_sha256(place))
        if stamp is not None and known is not None and known[0] == stamp:
            return stamp, known[1]
        if remote.is_remote(place):
            return stamp, None  # whoever fetches it hashes it
        try:
            require_regular_file(Path(place), follow_links=self._settings.video.follow_links)
            return stamp, files.sha256_of(Path(place))
        except ClipError:
            return None, None  # the worker says why

    def _is_settled(self, key: str, request: str) -> bool:
        known = self._known.get(key)
        if known is not None and self._settles(known, request):
            return True
        known = self._library.known_of(key, self.run_id)  # another program may have recorded it meanwhile
        return known is not None and known.state == DONE and self._settles(known, request)

    def _settles(self, known: Known, request: str) -> bool:
        """Whether nothing is left to do; where only the files are gone, who says the same makes them again."""
        if not (known.answers(request) and known.is_settled(self._retries_failed)):
            return False
        can_make = known.request_sha256 == request and known.result_sha256 is not None
        return not can_make or self._library.holds(str(known.result_sha256))


def _in_chance_order(entries: Sequence[Entry], seed: int | None) -> list[Entry]:
    """Shuffle patients, and the films of each, which stay together."""
    chance, films = random.Random(seed), list(entries)  # noqa: S311 an order, no secret
    chance.shuffle(films)
    turn = {patient: chance.random() for patient in dict.fromkeys(film.facts.patient for film in films)}
    return sorted(films, key=lambda film: turn[film.facts.patient])


def _stamp(place: str, *, is_fresh: bool = False) -> str | None:
    """Tell a file from its later versions without reading it."""
    if remote.is_remote(place):
        return remote.stamp_of(place, is_fresh=is_fresh)
    try:
        status = os.lstat(place)
    except OSError:
        return None
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
