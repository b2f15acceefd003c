"""Nothing leaves the machine, and nothing that is written or said names the file."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import cli
from vision.pipeline import analyse
from vision.report.html import write_report

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
