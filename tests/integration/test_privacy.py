"""Nothing leaves the machine, and nothing that is written or said names the file."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdf
import pytest

import cli
from tests import builders
from tests.unit.video.clips import remux
from vision.locate.face import FaceModel
from vision.model.arrays import ByteArray
from vision.model.drawing import Drawing
from vision.model.regions import region_label
from vision.model.result import AnalysisResult
from vision.pipeline import analyse
from vision.report.draw import draw
from vision.report.html import write_report
from vision.report.still import reading
from vision.video.decode import sample_frames

ROOT = Path(__file__).resolve().parents[2]

# Run in a fresh Python: the kernel kills the process, native libraries and threads included, on the first attempt to
# open an internet socket. A BPF program over struct seccomp_data: the call's number, the architecture, the arguments.
GUARD = """
import ctypes, platform, socket, struct, sys
SYS_SOCKET, AUDIT_ARCH = {"x86_64": (41, 0xC000003E), "aarch64": (198, 0xC00000B7)}[platform.machine()]
LOAD, IF_EQUAL, RETURN, ALLOW, KILL = 0x20, 0x15, 0x06, 0x7FFF0000, 0x80000000
PROGRAM = [
    (LOAD, 0, 0, 4), (IF_EQUAL, 0, 5, AUDIT_ARCH), (LOAD, 0, 0, 0), (IF_EQUAL, 0, 3, SYS_SOCKET), (LOAD, 0, 0, 16),
    (IF_EQUAL, 2, 0, int(socket.AF_INET)), (IF_EQUAL, 1, 0, int(socket.AF_INET6)),
    (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL),
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in PROGRAM))
program = ctypes.create_string_buffer(struct.pack("@HP", len(PROGRAM), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):  # no new privileges; seccomp filter
    print("no seccomp here"), sys.exit(77)
"""
CANARY = "socket.socket(socket.AF_UNIX).close(); print('unix', flush=True); socket.socket(getattr(socket, sys.argv[1]))"
ANALYSE = "import cli; sys.exit(cli.main(['analyze', 'clip.mp4', '--out', 'result']))"
NO_SECCOMP = 77


def guarded(code: str, cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process that internet sockets kill; skip where the kernel has no such filter."""
    if sys.platform != "linux":
        pytest.skip("seccomp is Linux's")
    path = f"sys.path.insert(0, {str(ROOT)!r})\n"
    command = [sys.executable, "-c", GUARD + path + code, *args]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if ran.returncode == NO_SECCOMP:
        pytest.skip("this kernel has no seccomp filter")
    return ran


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_the_guard_kills_on_an_internet_socket_only(family: str, tmp_path: Path) -> None:
    ran = guarded(CANARY, tmp_path, family)
    assert ran.stdout == "unix\n"
    assert ran.returncode < 0


def test_a_whole_analysis_opens_no_internet_socket(tmp_path: Path, face_clip: Path) -> None:
    shutil.copy(face_clip, tmp_path / "clip.mp4")
    ran = guarded(ANALYSE, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Pattern: " in ran.stdout
    assert (tmp_path / "result" / "report.html").exists()


def test_nothing_in_python_asks_for_an_internet_socket(
    tmp_path: Path, face_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for systems without seccomp: Python's own sockets, names included."""
    asked: list[object] = []
    real = socket.socket

    def watched(family: int = -1, *args: Any, **named: Any) -> socket.socket:
        if family != socket.AF_UNIX:
            asked.append(family)
            raise OSError("internet sockets are forbidden here")
        return real(family, *args, **named)

    monkeypatch.setattr(socket, "socket", watched)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **_named: asked.append(args))
    write_report(analyse(face_clip), tmp_path, clip=face_clip)
    assert cli.main(["analyze", str(face_clip), "--out", str(tmp_path / "result")]) == 0
    assert asked == []


def test_no_name_and_no_path_in_anything_that_is_written(
    tmp_path: Path, face_clip: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "result"
    assert cli.main(["analyze", str(face_clip), "--out", str(out)]) == 0
    assert capfd.readouterr().err == ""
    secrets = [face_clip.name, face_clip.stem, "Jane", str(face_clip.parent), str(ROOT), str(Path.home())]
    for path in out.iterdir():
        for text in texts_of(path):
            assert [secret for secret in secrets if len(secret) > 1 and secret.encode() in text] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
def test_no_name_of_a_clip_acts_on_the_terminal(
    tmp_path: Path, face_clip: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The result folder bears the clip's name, and is told at the end: by then an escape or a broken letter hurts."""
    for name in (b"a\x1b[31m\rb.mp4", b"\xff\xfe.mp4"):
        clip = tmp_path / os.fsdecode(name)
        shutil.copy(face_clip, clip)
        assert cli.main(["analyze", str(clip), "--no-report"]) == 0
        said = capfd.readouterr()
        assert said.err == ""
        assert said.out.replace("\n", "").isprintable()
        assert "Written: " in said.out
        folder = clip.with_name(f"{clip.stem}-twitchscope")
        assert folder.is_dir()
        assert cli.main(["report", str(folder)]) == 0
        said = capfd.readouterr()
        assert said.err == ""
        assert said.out.replace("\n", "").isprintable()
        assert said.out.endswith("report.html\n")


METADATA = {
    "title": "Jane Doe",
    "location": "+48.8584+002.2945/",
    "com.apple.quicktime.location.ISO6709": "+48.8584+002.2945+035.000/",
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.model": "SERIAL-12345",
    "com.android.version": "14-SERIAL-12345",
    "comment": "Jane Doe, born 1970-01-17",
    "artist": "Jane Doe",
}


def test_no_place_no_serial_and_no_name_of_the_film_comes_out(
    tmp_path: Path, face_clip: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = remux(face_clip, tmp_path / "clip.mp4", {"movflags": "use_metadata_tags"}, METADATA)
    assert clip.read_bytes().count(b"SERIAL-12345") == 2
    for command in (["analyze", str(clip), "--out", str(tmp_path / "o")], ["info", str(clip)], ["doctor", str(clip)]):
        assert cli.main(command) == 0
    said = "".join(capfd.readouterr()).encode()
    assert b"by its maker's marks" in said
    for text in [said, *(text for path in (tmp_path / "o").iterdir() for text in texts_of(path))]:
        assert [secret for secret in (b"Jane", b"1970-01-17", b"48.8584", b"SERIAL", b"14-S") if secret in text] == []


def faces_in(film: Path) -> int:
    """Pictures of a film in which our own face detector finds a face."""
    frames = sample_frames(film, reading(640), 12)
    model = FaceModel(is_stream=False, max_faces=1, smallest_score=0.3)
    try:
        return sum(bool(model.landmarks(frame.rgb_small)) for frame in frames if frame.rgb_small is not None)
    finally:
        model.close()


def pictures_in(folder: Path) -> list[ByteArray]:
    """The still of report.html and the pictures of report.pdf, as RGB."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    stored = [base64.b64decode(part) for part in re.findall(r"data:image/jpeg;base64,([\w+/=]+)", page)]
    stored += [image.data for sheet in pypdf.PdfReader(folder / "report.pdf").pages for image in sheet.images]
    found = [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR) for one in stored]
    return [np.ascontiguousarray(one[..., ::-1]) for one in found if one is not None]


def faces_among(pictures: list[ByteArray]) -> int:
    model = FaceModel(is_stream=False, max_faces=1, smallest_score=0.3)
    try:
        return sum(bool(model.landmarks(picture)) for picture in pictures)
    finally:
        model.close()


def with_places(result: AnalysisResult, labels: list[str]) -> AnalysisResult:
    """The same result with a twitch at the middle of each of these regions: more stays clear than in most films."""
    track, events, sites = result.regions, [], []
    for number, label in enumerate(labels, start=1):
        column = [region_label(*names) for names in zip(track.names, track.sides, strict=True)].index(label)
        x_px, y_px = np.nanmean(track.outline_px[result.signals.reference_index, column], axis=0)
        site = builders.make_site(number, track.names[column], track.sides[column], x_px, y_px, 1)
        sites.append(replace(site, footprint_sigma_px=0.075 * float(result.signals.scale_px or 0)))
        events.append(builders.make_event(number, 0.4 + 0.5 * number, sites[-1]))
    changed = {"sites": tuple(sites), "events": tuple(events), "clock": None}
    return replace(result, document=result.document.model_copy(update=changed))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_no_face_is_found_in_anything_that_is_de_identified(tmp_path: Path, face_clip: Path, count: int) -> None:
    result = analyse(face_clip)
    labels = ["right lower-eyelid", "left upper-eyelid", "right mouth-corner", "right cheek"][:count]
    result = with_places(result, labels)
    draw(result, tmp_path / "a", face_clip, Drawing(event_clips=True, pdf=True))
    draw(result, tmp_path / "b", face_clip, Drawing(event_clips=True, pdf=True, deidentify=True))
    films = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.mp4")]
    assert len(films) == 2 + count
    for name in films:
        assert faces_in(tmp_path / "a" / name) > 0
        assert faces_in(tmp_path / "b" / name) == 0
    assert faces_among(pictures_in(tmp_path / "a")) == 2
    assert faces_among(pictures_in(tmp_path / "b")) == 0


def test_an_analysis_writes_nothing_but_its_result(
    tmp_path: Path, face_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing stays in the folder for temporary files; what lies there meanwhile: tests/unit/test_isolate.py."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cli.main(["analyze", str(face_clip), "--out", str(tmp_path / "o")]) == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [
        "events.csv", "magnified.mp4", "overlay.mp4", "report.html", "result.json", "signals.npz", "signals.parquet",
    ]  # fmt: skip
    pictures = [path for path in (tmp_path / "home").rglob("*") if path.suffix in {".jpg", ".png", ".npy", ".npz"}]
    assert pictures == []


def test_a_trace_of_a_whole_run_shows_no_internet_socket(tmp_path: Path, face_clip: Path) -> None:
    """What the kernel was asked for, by every process and thread of a run."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("there is no strace here")
    trace = tmp_path / "trace"
    watched = ["-f", "-qq", "-e", "trace=%network,execve", "-o", str(trace)]
    ran = subprocess.run(
        [strace, *watched, sys.executable, str(ROOT / "cli.py"), "analyze", str(face_clip), "--out", "o"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not trace.exists() or "execve" not in trace.read_text():
        pytest.skip("strace may not trace here")
    assert ran.returncode == 0
    calls = trace.read_text().splitlines()
    assert [call for call in calls if "AF_INET" in call] == []
    started = [call for call in calls if "execve(" in call and call.rstrip().endswith("= 0")]
    assert len(started) == 2  # ourselves and the child: no other program


def texts_of(path: Path) -> list[bytes]:
    """All that a file holds, unpacked where it is packed."""
    if path.suffix != ".npz":
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as parts:
        return [name.encode() + parts.read(name) for name in parts.namelist()]


def test_a_failure_names_the_file_but_no_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clip.mp4").write_text("no film")
    assert cli.main(["analyze", str(tmp_path / "clip.mp4")]) == 1
    err = capfd.readouterr().err
    assert "clip.mp4" in err
    assert str(tmp_path) not in err
    assert "/" not in err.replace("twitchscope", "")
