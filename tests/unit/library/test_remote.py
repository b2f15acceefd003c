"""Clips elsewhere: what is the store's fault, what the disk's, and what the object's."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from vision.errors import ClipNotFetchedError, ClipNotReadableError, OutputError
from vision.library import remote

fsspec = pytest.importorskip("fsspec")


class Store:
    """A store that fails, and counts what it is asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.tag, self.asked_again = error, "one", 0

    def get_file(self, _path: str, copy: str) -> None:
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
    monkeypatch.setattr(remote, "file_system", lambda _address: (Store(error), "films/a.mp4"))
    with pytest.raises(kind), remote.local_copy("s3://films/a.mp4", tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_copy_goes_when_it_is_done_with(tmp_path: Path) -> None:
    with fsspec.open("memory://films/a.mp4", "wb") as file:
        file.write(b"film")
    with remote.local_copy("memory://films/a.mp4", tmp_path) as clip:
        assert (clip.name, clip.read_bytes()) == ("a.mp4", b"film")
    assert list(tmp_path.iterdir()) == []
    assert [name.rpartition("/")[2] for name in remote.listed("memory://films")] == ["a.mp4"]


def test_a_stamp_is_asked_for_anew_when_a_film_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    monkeypatch.setattr(remote, "file_system", lambda _address: (store, "films/a.mp4"))
    before = remote.stamp_of("s3://films/a.mp4")
    store.tag = "two"
    assert remote.stamp_of("s3://films/a.mp4", is_fresh=True) not in (None, before)
    assert store.asked_again == 1
