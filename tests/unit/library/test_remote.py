"""Clips elsewhere: what is the store's fault, what the disk's, and what the object's."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import pytest

from vision.errors import ClipNotFetchedError, ClipNotReadableError, LibraryError, OutputError, SettingsError
from vision.library import fetch, remote
from vision.library.fetch import local_copy
from vision.library.work import Job, file_clip
from vision.model.request import Request
from vision.settings import FetchSettings, Settings

fsspec = pytest.importorskip("fsspec")
STORES = FetchSettings(stores=("s3", "memory"))


class Store:
    """A store that fails, and counts what it is asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.tag, self.asked_again = error, "one", 0

    def get_file(self, _path: str, copy: str, **_more: Any) -> None:
        if self.error is not None:
            raise self.error
        Path(copy).write_bytes(b"film")

    def info(self, _path: str, **more: Any) -> dict[str, Any]:
        self.asked_again += bool(more.get("refresh"))
        return {"ETag": self.tag, "size": 4}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError(errno.ENOENT, "no such object"), ClipNotReadableError),
        (PermissionError(errno.EACCES, "forbidden"), ClipNotReadableError),
        (TimeoutError(), ClipNotFetchedError),
        (RuntimeError("endpoint"), ClipNotFetchedError),
        (OSError(errno.ENOSPC, "No space left on device"), OutputError),
    ],
)
def test_each_failure_is_told_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]
) -> None:
    monkeypatch.setattr(fetch, "file_system", lambda _address: (Store(error), "films/a.mp4"))
    with pytest.raises(kind), local_copy("s3://films/a.mp4", tmp_path, STORES):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_copy_goes_when_it_is_done_with(tmp_path: Path) -> None:
    with fsspec.open("memory://films/a.mp4", "wb") as file:
        file.write(b"film")
    with local_copy("memory://films/a.mp4", tmp_path, STORES) as clip:
        assert (clip.name, clip.read_bytes()) == ("a.mp4", b"film")
    assert list(tmp_path.iterdir()) == []
    assert remote.listed("memory://films", STORES) == ["memory://films/a.mp4"]


def test_a_stamp_is_asked_for_anew_when_a_film_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    monkeypatch.setattr(remote, "file_system", lambda _address: (store, "films/a.mp4"))
    before = remote.stamp_of("s3://films/a.mp4")
    store.tag = "two"
    assert remote.stamp_of("s3://films/a.mp4", is_fresh=True) not in (None, before)
    assert store.asked_again == 1


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd", "http://host/a.mp4", "https://host/a.mp4", "abc://x/y.mp4", "memory://films/a.mp4",
        "simplecache::s3://films/a.mp4", "s3://films/a.mp4::file:///etc/passwd", "S3://films/a.mp4", "\x1b[2J://x/a.mp4",
    ],
)  # fmt: skip
def test_no_other_address_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda *_: pytest.fail("it was opened"))
    for read in (lambda: remote.listed(address, FetchSettings()), lambda: list_copy(address, tmp_path)):
        with pytest.raises(SettingsError, match=r"expected a path, or an address at s3:// or gs://; ") as refused:
            read()
        assert "\x1b" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def list_copy(address: str, work: Path) -> None:
    with local_copy(address, work, FetchSettings()):
        pass


def test_a_store_whose_library_is_not_there_is_told_before_it_is_opened() -> None:
    with pytest.raises(LibraryError, match=r"pip install 'twitchscope\[cloud\]'"):
        remote.require_store("nosuch://x/a.mp4", FetchSettings(stores=("nosuch",)))


def test_a_store_that_lets_nobody_in_is_a_failure_of_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_address: str) -> None:
        raise RuntimeError("no credentials")

    monkeypatch.setattr(fsspec.core, "url_to_fs", refuse)
    with pytest.raises(ClipNotFetchedError, match=r"cannot be opened \(RuntimeError\).*credentials"):
        remote.file_system("s3://films/a.mp4")
    assert remote.stamp_of("s3://films/a.mp4") is None


def test_what_is_too_large_is_not_fetched_to_its_end(tmp_path: Path) -> None:
    with fsspec.open("memory://films/large.mp4", "wb") as file:
        file.write(bytes(1000))
    small = STORES.model_copy(update={"largest_bytes": 999})
    with (
        pytest.raises(ClipNotReadableError, match=r"large\.mp4 is larger.*fetch\.largest_bytes"),
        local_copy("memory://films/large.mp4", tmp_path, small),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_hangs_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that waits for it ends at the first piece that comes after all."""
    goes_on, ended = threading.Event(), threading.Event()

    class Slow(Store):
        def get_file(self, _path: str, _copy: str, **more: Any) -> None:
            goes_on.wait(30)
            try:
                more["callback"].relative_update(1)
            finally:
                ended.set()

    monkeypatch.setattr(fetch, "file_system", lambda _address: (Slow(), "films/a.mp4"))
    hasty = STORES.model_copy(update={"longest_s": 0.1})
    with pytest.raises(ClipNotFetchedError, match=r"a\.mp4 was not here within 0\.1 s"):  # noqa: SIM117
        with local_copy("s3://films/a.mp4", tmp_path, hasty):
            pass
    goes_on.set()
    assert ended.wait(30)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [2, 20])
def test_what_is_not_there_is_found_in_a_listing_or_one_by_one(count: int) -> None:
    for number in range(count):
        with fsspec.open(f"memory://shelf{count}/{number}.mp4", "wb") as file:
            file.write(b"film")
    there = [f"memory://shelf{count}/{number}.mp4" for number in range(count)]
    gone = [f"memory://shelf{count}/gone.mp4", "memory://nowhere/a.mp4"]
    assert remote.missing([*there, *gone]) == set(gone)
    assert remote.missing(f"memory://nowhere/{number}.mp4" for number in range(count)) != set()


def test_a_store_that_does_not_answer_names_nothing_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(address: str) -> None:
        asked.append(address)
        raise ClipNotFetchedError("no")

    monkeypatch.setattr(remote, "file_system", refuse)
    assert remote.missing(f"s3://films/{number}/a.mp4" for number in range(5)) == set()
    assert len(asked) == 1


def test_an_address_that_cannot_be_read_is_a_failure_of_its_clip(tmp_path: Path) -> None:
    """What a worker makes of it: an outcome, not the end."""
    settings = Settings(fetch=STORES)
    for address, said in (("memory://films/gone.mp4", "cannot be fetched"), ("abc://x/y.mp4", "not read from abc://")):
        job = Job(address, None, Request(), settings, str(tmp_path), str(tmp_path), "")
        outcome = file_clip(job).rows.outcome
        assert (outcome["state"], said in outcome["reason"], bool(outcome["advice"])) == ("failed", True, True)
