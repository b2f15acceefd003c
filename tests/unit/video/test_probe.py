import hashlib
import os
import socket
from pathlib import Path

import pytest

from tests.unit.video.clips import ANY_LENGTH, render, write_sound
from vision.errors import ClipNotFoundError, ClipNotReadableError
from vision.settings import VideoSettings
from vision.video.decode import open_clip
from vision.video.probe import probe


def refused(path: Path, kind: type[Exception], settings: VideoSettings = ANY_LENGTH) -> str:
    """The one line with which both ways in refuse a file."""
    lines = []
    for enter in (probe, open_clip):
        with pytest.raises(kind) as refusal:
            enter(path, settings)
        lines.append(str(refusal.value))
    assert lines[0] == lines[1]
    assert "\n" not in lines[0]
    assert str(path.parent) not in lines[0]
    return lines[0]


def test_probe_names_the_file_by_its_content(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", rotation_deg=90, size=(64, 48))
    info = probe(path, ANY_LENGTH)
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (info.width_px, info.height_px, info.rotation_deg) == (48, 64, 90)
    assert "mp4" in info.container


def test_missing_folder_and_special_files_are_no_clips(tmp_path: Path) -> None:
    assert "no file missing.mp4" in refused(tmp_path / "missing.mp4", ClipNotFoundError)
    assert "folder" in refused(tmp_path, ClipNotFoundError)
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "pipe" in refused(tmp_path / "pipe.mp4", ClipNotFoundError)
    (tmp_path / "dangling.mp4").symlink_to(tmp_path / "nowhere.mp4")
    refused(tmp_path / "dangling.mp4", ClipNotFoundError)
    refused(tmp_path / ("long" * 100), ClipNotFoundError)
    refused(tmp_path / "nul\0.mp4", ClipNotFoundError)


def test_a_socket_is_no_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.mp4")
        refused(tmp_path / "s.mp4", ClipNotFoundError)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello, this is no video\n" * 50, b"\x00" * 5000, b"\xff\xd8\xff\xe0 a broken picture", os.urandom(4096)],
    ids=["empty", "text", "zeros", "picture", "noise"],
)
def test_other_files_named_mp4_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    assert refused(path, ClipNotReadableError).startswith("clip.mp4 ")


@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list.ffconcat", "list.mpd", "list.sdp"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile a.mp4\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ],
    ids=["hls", "concat", "sdp"],
)
def test_a_playlist_opens_no_other_file(tmp_path: Path, name: str, text: str) -> None:
    render(tmp_path / "a.mp4")
    (tmp_path / name).write_text(text)
    refused(tmp_path / name, ClipNotReadableError)


def test_sound_and_cover_pictures_are_no_film(tmp_path: Path) -> None:
    assert "no video" in refused(write_sound(tmp_path / "a.m4a"), ClipNotReadableError)
    assert "only a cover picture" in refused(write_sound(tmp_path / "b.mp4", with_cover=True), ClipNotReadableError)


def test_limits_hold_before_decoding(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", size=(64, 48))
    assert probe(path, VideoSettings(largest_frame_px=64 * 48)).width_px == 64
    assert "64x48" in refused(path, ClipNotReadableError, VideoSettings(largest_frame_px=64 * 48 - 1))
    assert "lasts" in refused(path, ClipNotReadableError, VideoSettings(longest_clip_s=0.5))


@pytest.mark.parametrize(
    "name",
    [
        "concat:a.mp4",
        "-i.mp4",
        "%03d.mp4",
        "a b'\"$(x);&.mp4",
        "zeile\nzwei.mp4",
        "Zähler µ 視頻.mp4",
        "http:x.mp4",
        "#?.mp4",
        "no ending",
    ],
)
def test_names_are_only_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = render(tmp_path / "a.mp4")
    rendered.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert probe(tmp_path / name, ANY_LENGTH) == probe(Path(name), ANY_LENGTH)


def test_a_name_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J\n.mp4"
    path.write_bytes(b"text")
    line = refused(path, ClipNotReadableError)
    assert line.isprintable()


def test_a_name_that_is_no_text_is_read(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4"))
    render(tmp_path / "a.mp4").rename(path)
    assert probe(path, ANY_LENGTH).frame_count == 20
    path.write_bytes(b"text")
    refused(path, ClipNotReadableError).encode("utf-8")
