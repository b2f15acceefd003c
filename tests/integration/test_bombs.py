"""Small files that would unpack to something huge: refused within seconds and little memory."""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.unit.video.clips import encoded, remux, render
from tests.unit.video.films import Recipe, pictures_at, store, times

ROOT = Path(__file__).resolve().parents[2]
SIDE_PX = 16_000  # FFmpeg itself takes no picture of 16384 x 16384 px
MOST_S, MOST_BYTES = 5.0, 1 << 30
# A slow machine needs most of that for loading the libraries: there, this many times what a text file's refusal takes.
MOST_REFUSALS = 2.0

# Run by a fresh Python: the memory of a finished child shows only in a parent that has no other. What Linux says of a
# process's own peak (ru_maxrss) counts that of its parent before it was started, so its own is read from /proc.
RUN = """
import resource, sys, time
begun_s = time.monotonic()
import cli
code = cli.main(sys.argv[1:])
taken_s = time.monotonic() - begun_s
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
taken_s = min(taken_s, sum(one.ru_utime + one.ru_stime for one in used))  # others' work does not count
own = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(code, taken_s, 1024 * max(own[0], resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


def huge_pictures(path: Path, codec: str, pixel_format: str, options: dict[str, str]) -> Path:
    """Two flat pictures of 16k x 16k."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=1, options=options)
        stream.width = stream.height = SIDE_PX
        stream.pix_fmt = pixel_format
        frame = av.VideoFrame(SIDE_PX, SIDE_PX, pixel_format)
        for plane in frame.planes:
            np.frombuffer(memoryview(plane), np.uint8)[:] = 128
        for number in range(2):
            frame.pts, frame.time_base = number, Fraction(1, 1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def million_pictures(path: Path) -> Path:
    """One real picture, then 10^6 packets of two bytes, a thousand a second; Matroska counts none of them."""
    [first] = [bytes(packet) for packet in encoded("mjpeg", "yuvj420p", 0, (16, 16))]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuvj420p"
        for number in range(1_000_000):
            packet = av.Packet(first if number == 0 else b"\xff\xd8")
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            container.mux(packet)
    return path


def claimed_canvas(path: Path) -> Path:
    """A WebP animation whose header claims 16k x 16k."""
    images = [Image.new("RGB", (32, 32), (level, 0, 0)) for level in range(0, 200, 50)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=900)
    data = bytearray(path.read_bytes())
    data[24:27] = data[27:30] = (SIDE_PX - 1).to_bytes(3, "little")
    path.write_bytes(bytes(data))
    return path


def claimed_sides(path: Path) -> Path:
    """A film whose sample description claims less than its pictures have, so that only decoding shows it."""
    huge_pictures(path, "png", "gray", {})
    data = bytearray(path.read_bytes())
    at = data.index(b"png ") + 28
    assert data[at : at + 2] == SIDE_PX.to_bytes(2, "big")
    data[at : at + 4] = (64).to_bytes(2, "big") * 2
    path.write_bytes(bytes(data))
    return path


def claimed_fragment(path: Path) -> Path:
    """A film of 3 kB whose one fragment claims 8 * 10^7 pictures: their index alone took 2.9 GB."""
    whole = render(path.with_name("whole.mp4"), [number / 30 for number in range(70)])
    remux(whole, path, {"movflags": "frag_keyframe+empty_moov+default_base_moof"})
    data = bytearray(path.read_bytes())
    at = data.index(b"trun") + 4
    data[at : at + 8] = (0).to_bytes(4, "big") + (80_000_000).to_bytes(4, "big")  # no field for each picture; the count
    path.write_bytes(bytes(data))
    return path


def claimed_samples(path: Path) -> Path:
    """A film whose tables claim 2 * 10^9 pictures of one byte."""
    render(path, [number / 30 for number in range(70)])
    data, count = bytearray(path.read_bytes()), (2 * 10**9).to_bytes(4, "big")
    one = (1).to_bytes(4, "big")
    for box, entry in ((b"stsz", one + count), (b"stsc", one + one + count + one), (b"stts", one + count + one)):
        at = data.index(box) + 8
        data[at : at + len(entry)] = entry
    path.write_bytes(bytes(data))
    return path


FLAT = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "keyint=1:threads=2"}
BOMBS: dict[str, tuple[str, Any]] = {
    "gif": (".gif", lambda path: huge_pictures(path, "gif", "gray", {})),
    "png in mov": (".mov", lambda path: huge_pictures(path, "png", "gray", {})),
    "h264": (".mp4", lambda path: huge_pictures(path, "libx264", "yuv420p", FLAT)),
    "lying sample description": (".mov", claimed_sides),
    "webp": (".webp", claimed_canvas),
    "a claimed fragment": (".mp4", claimed_fragment),
    "claimed samples": (".mp4", claimed_samples),
    "a million pictures": (".mkv", million_pictures),
}


def refusal(command: str, path: Path) -> tuple[float, int]:
    """Seconds of processor and bytes of memory that a refusal took."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN, command, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    code, taken_s, most_bytes = ran.stdout.split()[-3:]
    assert int(code) == 1
    assert ran.stderr.startswith("twitchscope: ")
    assert ran.stderr.count("\n") == 1
    return float(taken_s), int(most_bytes)


@pytest.fixture(scope="module")
def refusal_s(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long this machine takes to refuse a text file."""
    path = tmp_path_factory.mktemp("plain") / "note.mp4"
    path.write_text("no film")
    return refusal("analyze", path)[0]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux tells it")
@pytest.mark.parametrize("command", ["info", "analyze"])
@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_is_refused_quickly_and_in_little_memory(
    what: str, command: str, tmp_path: Path, refusal_s: float
) -> None:
    ending, make = BOMBS[what]
    taken_s, most_bytes = refusal(command, make(tmp_path / f"bomb{ending}"))
    told = f"{what} {command}: {taken_s:.1f} s, {most_bytes >> 20} MiB; a text file: {refusal_s:.1f} s\n"
    sys.stdout.write(told)
    assert taken_s < max(MOST_S, MOST_REFUSALS * refusal_s), told
    assert most_bytes < MOST_BYTES, told


def test_a_bomb_of_frames_is_counted_before_it_is_decoded(tmp_path: Path) -> None:
    """The same by a limit that a small film reaches."""
    from vision.errors import ClipNotReadableError
    from vision.settings import VideoSettings
    from vision.video.probe import probe

    times_s = times(2.2, 30)
    path = store(tmp_path / "a.mkv", pictures_at(times_s), times_s, Recipe("h264", ".mkv"))
    assert probe(path, VideoSettings(most_frames=len(times_s))).span_s == pytest.approx(2.2, abs=0.01)
    begun_s = time.monotonic()
    with pytest.raises(ClipNotReadableError, match="more than 65 pictures"):
        probe(path, VideoSettings(most_frames=len(times_s) - 1))
    assert time.monotonic() - begun_s < MOST_S
