"""A film that is written abreast is the film that is written at once, and fails as plainly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vision.errors import OutputError, ShapeError
from vision.video.abreast import MOST_WAITING, AbreastWriter
from vision.video.encode import ClipWriter

WIDTH_PX, HEIGHT_PX = 64, 48


def pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [rng.integers(0, 255, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8) for _ in range(count)]


def film(path: Path) -> ClipWriter:
    return ClipWriter(path, WIDTH_PX, HEIGHT_PX, preset="ultrafast", is_reproducible=True)


def write(abreast: AbreastWriter, drawn: list[np.ndarray], stops: type[BaseException] | None = None) -> None:
    with abreast as writer:
        for number, picture in enumerate(drawn):
            writer.write(picture, number / 30)
        if stops is not None:
            raise stops


def test_the_film_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    drawn = pictures(4 * MOST_WAITING)
    with film(tmp_path / "at-once.mp4") as at_once, AbreastWriter(film(tmp_path / "abreast.mp4")) as abreast:
        for number, picture in enumerate(drawn):
            at_once.write(picture, number / 30)
            abreast.write(picture, number / 30)
    assert (tmp_path / "abreast.mp4").read_bytes() == (tmp_path / "at-once.mp4").read_bytes()


@pytest.mark.parametrize("at", [0, 2, 3 * MOST_WAITING])
def test_a_failure_is_told_and_nobody_waits_for_ever(at: int, tmp_path: Path) -> None:
    drawn = pictures(4 * MOST_WAITING)
    drawn[at] = drawn[at][:-1]
    with pytest.raises(ShapeError):
        write(AbreastWriter(film(tmp_path / "a.mp4")), drawn)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_at_the_last_picture_is_told_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(ShapeError), AbreastWriter(film(tmp_path / "a.mp4")) as abreast:
        abreast.write(pictures(1)[0][:-1], 0.0)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError), AbreastWriter(film(tmp_path / "nowhere" / "a.mp4")):
        pass


def test_what_is_given_up_leaves_an_older_film_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"an older film")
    with pytest.raises(KeyboardInterrupt):
        write(AbreastWriter(film(path)), pictures(5), stops=KeyboardInterrupt)
    assert path.read_bytes() == b"an older film"
    assert list(tmp_path.iterdir()) == [path]
