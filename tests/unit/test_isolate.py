"""The fence: whatever happens behind it, the caller gets an answer or one line, and goes on."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.video.clips import render
from vision import errors
from vision.behind import is_lack_of_memory
from vision.errors import ClipNotFoundError, ClipStoppedError, ClipTooShortError, DefectError, ShapeError
from vision.isolate import ALGEBRA_THREAD_COUNTS, THREAD_COUNTS, Fence, analyse_isolated
from vision.settings import Settings
from vision.video.probe import probe
from vision.wire import Parcel, pack, receive, send, share_of, unpack

ROOT = Path(__file__).resolve().parents[2]
BEHIND = "from tests.unit.fence_tasks import serve; serve()"
TEMPER = Settings.model_validate({"limits": {"memory_bytes": 2 << 30, "silence_s": 60.0, "run_s": 120.0}})
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "clip.mp4").write_bytes(b"not looked at")
    return tmp_path / "clip.mp4"


def fence(**limits: Any) -> Fence:
    return Fence(limited(**limits), behind=BEHIND)


def limited(**limits: Any) -> Settings:
    return Settings.model_validate({"limits": {**TEMPER.limits.model_dump(), **limits}})


@given(plain, st.lists(st.floats(width=32), max_size=4))
def test_a_parcel_arrives_as_it_was_sent(said: Any, numbers: list[float]) -> None:
    arrived = unpack(pack(Parcel(said, {"a": np.array(numbers, np.float32), "b": np.ones((2, 0, 3), bool)})))
    assert arrived.plain == json.loads(json.dumps(said))
    np.testing.assert_array_equal(arrived.arrays["a"], np.array(numbers, np.float32))
    assert arrived.arrays["b"].shape == (2, 0, 3)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_parcel_or_are_refused(body: bytes) -> None:
    with pytest.raises(ShapeError):
        unpack(body)


WHOLE = pack(Parcel({"a": [1, None]}, {"signals.b": np.arange(20, dtype=np.float32)}))


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_parcel_with_any_bytes_changed_is_a_parcel_or_is_refused(changes: list[tuple[int, int]]) -> None:
    body = bytearray(WHOLE)
    for at, value in changes:
        body[at] = value
    with contextlib.suppress(ShapeError):
        unpack(bytes(body))


def test_a_parcel_of_something_else_than_arrays_is_refused() -> None:
    """Each of these is a whole zip file; NumPy answers them with bytes, an OverflowError or a MemoryError."""
    huge = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    shapes = [str((1 << power,)) for power in (40, 60, 70)]
    heads = [f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode() for shape in shapes]
    for entry in (b"no array", *(huge + head.ljust(117) + b"\n" for head in heads)):
        for name in ("plain.npy", "other.npy"):
            body = io.BytesIO()
            with zipfile.ZipFile(body, "w") as entries:
                entries.writestr(name, entry)
                if name == "other.npy":
                    entries.writestr("plain.npy", zipfile.ZipFile(io.BytesIO(WHOLE)).read("plain.npy"))
            with pytest.raises(ShapeError):
                unpack(body.getvalue())


@pytest.mark.parametrize("said", [b"", b"much", b"nan", b"1e9", b"-1", b"9" * 5000])
def test_a_progress_that_is_no_share_is_refused(said: bytes) -> None:
    with pytest.raises(ShapeError):
        share_of(said)


@given(st.binary(max_size=60), st.integers(0, 80))
def test_a_broken_stream_ends_or_is_refused(noise: bytes, most: int) -> None:
    try:
        frame = receive(io.BytesIO(noise), most)
    except ShapeError:
        return
    assert frame is None or len(frame[1]) <= most


def test_frames_follow_each_other() -> None:
    stream = io.BytesIO()
    send(stream, "progress", b"0.5")
    send(stream, "answer", b"")
    stream.seek(0)
    assert [receive(stream, 10) for _ in range(3)] == [("progress", b"0.5"), ("answer", b""), None]


def test_an_array_of_objects_never_crosses() -> None:
    with pytest.raises(ShapeError, match="objects"):
        pack(Parcel(None, {"a": np.array([{}], object)}))


def test_a_task_is_done_and_the_child_is_used_again(clip: Path) -> None:
    shares: list[float] = []
    with fence() as behind:
        first = behind.ask("echo", clip, {"said": [1, "µ"]}, shares.append)
        second = behind.ask("echo", clip, {})
    assert first.plain["said"] == [1, "µ"]
    assert first.plain["pid"] == second.plain["pid"] != os.getpid()
    assert first.arrays["numbers"].tolist() == [0, 1, 2, 3, 4]
    assert shares == [0.5]


@pytest.mark.parametrize("told", [None, 3])
def test_linear_algebra_has_one_thread_unless_told(
    clip: Path, monkeypatch: pytest.MonkeyPatch, told: int | None
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    for name in THREAD_COUNTS:
        monkeypatch.delenv(name, raising=False)
    with Fence(TEMPER, behind=BEHIND, threads=told) as behind:
        counts = behind.ask("threads", clip, {}).plain
    assert {counts.pop(name) for name in ALGEBRA_THREAD_COUNTS} == {str(told or 1)}
    assert set(counts.values()) == {str(told or 6)}


def test_a_refusal_comes_as_itself_and_the_child_goes_on(clip: Path) -> None:
    with fence() as behind:
        before = behind.ask("echo", clip, {}).plain["pid"]
        with pytest.raises(ClipTooShortError) as refusal:
            behind.ask("refuse", clip, {})
        assert (refusal.value.found, refusal.value.advice) == ("clip.mp4 is short", "film on")
        assert behind.ask("echo", clip, {}).plain["pid"] == before


def test_a_defect_says_its_kind_and_keeps_its_trace_apart(clip: Path) -> None:
    with fence() as behind, pytest.raises(DefectError) as defect:
        behind.ask("stumble", clip, {})
    assert str(defect.value) == "unexpected ZeroDivisionError"
    assert "in /secret/place" in defect.value.trace


@pytest.mark.parametrize(
    ("task", "told", "words"),
    [
        ("die", {"signal": "SIGSEGV"}, "crashed (SIGSEGV)"),
        ("die", {"signal": "SIGKILL"}, "crashed (SIGKILL)"),
        ("die", {"signal": "SIGABRT"}, "crashed (SIGABRT)"),
        ("leave", {}, "crashed (exit code 3)"),
        ("lie", {}, "crashed"),
        ("eat", {}, "more memory than the 2.0 GiB"),
        ("eat_natively", {}, "more memory than the 2.0 GiB"),
    ],
)
def test_whatever_ends_the_child_is_one_line_and_the_next_clip_has_a_new_one(
    task: str, told: dict[str, str], words: str, clip: Path
) -> None:
    with fence() as behind:
        before = behind.ask("echo", clip, {}).plain["pid"]
        with pytest.raises(ClipStoppedError) as stopped:
            behind.ask(task, clip, told)
        assert words in str(stopped.value)
        assert "clip.mp4" in str(stopped.value)
        assert str(clip.parent) not in str(stopped.value)
        assert behind.ask("echo", clip, {}).plain["pid"] != before


@pytest.mark.parametrize(("read_s", "passes"), [(3.0, True), (0.3, False)])
def test_what_follows_the_reading_may_be_silent_for_as_long_as_that_took(
    read_s: float, passes: bool, clip: Path
) -> None:
    """The detection of a film of ten minutes says nothing for more than the ten minutes that a hang is given."""
    with fence() as behind:
        behind.ask("echo", clip, {})
        behind.told(limited(silence_s=0.5))
        if passes:
            assert behind.ask("read_and_think", clip, {"read_s": read_s, "think_s": 1.5}).plain == "thought"
            return
        with pytest.raises(ClipStoppedError, match="no sign"):
            behind.ask("read_and_think", clip, {"read_s": read_s, "think_s": 1.5})


@pytest.mark.parametrize(
    ("task", "limits", "words"),
    [("hang", {"silence_s": 2.0}, "no sign for 2 s"), ("crawl", {"run_s": 3.0, "silence_s": 2.5}, "longer than 3 s")],
)
def test_a_hang_ends_at_its_limit(task: str, limits: dict[str, float], words: str, clip: Path) -> None:
    with fence() as behind:
        behind.ask("echo", clip, {})  # on a busy machine the libraries alone take longer to load than these limits
        behind.told(limited(**limits))
        child, begun_s = behind._child, time.monotonic()
        with pytest.raises(ClipStoppedError, match=words):
            behind.ask(task, clip, {})
        assert time.monotonic() - begun_s < 8
    assert child is not None
    assert child.poll() is not None


def test_an_answer_beyond_its_limit_is_not_taken_in(clip: Path) -> None:
    with fence(answer_bytes=1 << 20) as behind, pytest.raises(ClipStoppedError):
        behind.ask("brag", clip, {})


def test_settings_that_come_after_the_child_has_started_count(clip: Path) -> None:
    """The command starts the child before it knows them, so that libraries load on both sides at once."""
    with Fence(behind=BEHIND) as behind:
        behind.told(limited(answer_bytes=1 << 20))
        with pytest.raises(ClipStoppedError):
            behind.ask("brag", clip, {})
        assert behind.ask("echo", clip, {}).plain["name"] == clip.name


def test_a_fence_that_was_asked_nothing_leaves_no_pipe_open() -> None:
    with Fence(behind=BEHIND) as behind:
        child = behind._child
    assert child is not None
    assert child.stdout is not None
    assert child.stdout.closed


def test_what_libraries_print_is_not_heard(clip: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with fence() as behind:
        assert behind.ask("babble", clip, {}).plain == "answer"
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows do not keep to these limits")
def test_the_child_has_limits_and_leaves_no_core(clip: Path) -> None:
    with fence() as behind:
        memory, core, *_ = behind.ask("limits", clip, {}).plain
    assert (memory, core) == (2 << 30, 0)


def test_the_child_ends_with_its_caller(clip: Path) -> None:
    code = f"""
import os, sys
from pathlib import Path
from vision.isolate import Fence
from vision.settings import Settings
behind = Fence(Settings(), behind={BEHIND!r})
print(behind.ask("echo", Path({str(clip)!r}), {{}}).plain["pid"], flush=True)
import threading
threading.Thread(target=lambda: behind.ask("hang", Path({str(clip)!r}), {{}}), daemon=True).start()
import time; time.sleep(0.5)
os.kill(os.getpid(), 9)
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    child = int(ran.stdout)
    deadline_s = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not is_alive(child)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without a word")
@pytest.mark.parametrize("task", ["litter", "draw"])
def test_a_killed_caller_leaves_no_picture_and_no_temporary_file(task: str, tmp_path: Path) -> None:
    """SIGKILL, while the child writes: the child sees its caller gone, takes its files away, and ends."""
    (tmp_path / "hang.mp4").write_bytes(b"not looked at")
    told = {"then": "hang", "note": str(tmp_path / "note"), "folder": str(tmp_path / "result")}
    code = f"""
import os, sys, threading, time
from pathlib import Path
from vision.isolate import Fence
from vision.settings import Settings
behind = Fence(Settings(), behind={BEHIND!r})
clip, heard = Path({str(tmp_path / "hang.mp4")!r}), []
print(behind.ask("echo", clip, {{}}).plain["pid"], flush=True)
threading.Thread(target=lambda: behind.ask({task!r}, clip, {told!r}, heard.append), daemon=True).start()
while not heard and not os.path.exists({str(tmp_path / "note")!r}): time.sleep(0.05)
os.kill(os.getpid(), 9)
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    child = int(ran.stdout)
    deadline_s = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not is_alive(child)
    if task == "litter":
        assert not Path((tmp_path / "note").read_text()).parent.exists()
    else:
        assert list((tmp_path / "result").iterdir()) == []


def is_alive(pid: int) -> bool:
    """Whether a process still works; one that waits to be buried does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_fence_that_is_closed_leaves_no_child_and_may_be_closed_twice(clip: Path) -> None:
    behind = fence()
    pid = behind.ask("echo", clip, {}).plain["pid"]
    behind.close()
    behind.close()
    assert not is_alive(pid)


@pytest.mark.parametrize("then", ["end", "die"])
def test_temporary_files_lie_in_a_private_folder_that_goes_with_the_child(then: str, clip: Path) -> None:
    note = clip.with_name("note")
    with fence() as behind:
        if then == "die":
            with pytest.raises(ClipStoppedError):
                behind.ask("litter", clip, {"then": then, "note": str(note)})
            name = note.read_text()
            assert not Path(name).parent.exists()
        else:
            name, mode = behind.ask("litter", clip, {}).plain
            assert Path(name).exists()
            assert mode == 0o700 or sys.platform == "win32"
    assert not Path(name).parent.exists()
    assert Path(name).parent.name.startswith("twitchscope-")


@pytest.mark.parametrize("how", ["die", "Ctrl-C"])
def test_a_report_that_is_not_finished_leaves_no_picture(how: str, tmp_path: Path) -> None:
    """The child crashes, or the user gives up, while half a film is there; an older leftover goes as well."""
    (tmp_path / "result" / ".twitchscope-0123.partial").mkdir(parents=True)
    clip = tmp_path / ("die.mp4" if how == "die" else "hang.mp4")
    clip.write_bytes(b"not looked at")
    seen: list[list[str]] = []

    def watch(_share: float) -> None:
        seen.append([path.name for path in (tmp_path / "result").rglob("*")])
        if how == "Ctrl-C":
            raise KeyboardInterrupt

    with fence() as behind, pytest.raises((ClipStoppedError, KeyboardInterrupt)):
        behind.draw(tmp_path / "result", clip, on_progress=watch)
    assert "overlay.mp4" in seen[0]
    assert list((tmp_path / "result").iterdir()) == []


def test_ctrl_c_while_waiting_ends_the_child(clip: Path) -> None:
    behind = fence()
    pid = behind.ask("echo", clip, {}).plain["pid"]
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        behind.ask("hang", clip, {})
    assert not is_alive(pid)


def _in_a_worker(clip: str) -> Any:
    assert multiprocessing.current_process().daemon
    with fence() as behind:
        return behind.ask("echo", Path(clip), {}).plain["name"]


def test_it_works_inside_a_daemonic_worker(clip: Path) -> None:
    """A daemonic process may have no children of multiprocessing's: Pool, Dask's nanny."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_in_a_worker, (str(clip),)) == "clip.mp4"


def test_what_is_no_plain_file_never_reaches_the_child(tmp_path: Path, clip: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "link.mp4").symlink_to(clip)
    behind = fence()
    for path in (tmp_path / "pipe.mp4", tmp_path / "link.mp4", tmp_path / "none.mp4", Path("/dev/zero")):
        with pytest.raises(ClipNotFoundError):
            behind.ask("echo", path, {})
    assert behind._child is None
    allowed = Settings.model_validate({"video": {"follow_links": True}})
    with Fence(allowed, behind=BEHIND) as following:
        assert following.ask("echo", tmp_path / "link.mp4", {}).plain["name"] == "link.mp4"


def test_no_module_beside_a_clip_is_imported(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    with fence() as behind:
        assert behind.ask("echo", clip.relative_to(tmp_path), {}).plain["name"] == "clip.mp4"


def test_facts_come_through_as_they_were_read(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", rotation_deg=90)
    with Fence(Settings()) as behind:
        assert behind.info(path) == probe(path, Settings().video)


def test_an_error_class_comes_only_from_our_own(clip: Path) -> None:
    """A child that was taken over cannot name another class."""
    from vision.isolate import _error_of

    told = {"kind": "subprocess", "found": "a", "expected": "", "advice": ""}
    assert type(_error_of("refusal", json.dumps(told).encode())) is errors.TwitchscopeError
    for body in (b"", b"[]", b"{}", b"\xff"):
        with pytest.raises(ShapeError):
            raise _error_of("refusal", body)


def test_the_fence_gives_the_very_result_that_the_pipeline_gives(tmp_path: Path, limb_result: Any) -> None:
    path, direct = limb_result
    isolated = analyse_isolated(path)
    assert isolated.document == direct.document
    for part in ("signals", "regions"):
        ours, theirs = getattr(isolated, part), getattr(direct, part)
        for name, value in vars(theirs).items():
            got = getattr(ours, name)
            if isinstance(value, np.ndarray):
                assert got.dtype == value.dtype
                np.testing.assert_array_equal(got, value)
            else:
                assert got == value
                assert type(got) is type(value)


@pytest.fixture(scope="module")
def limb_result(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from vision.pipeline import analyse
    from vision.simulate.clip import simulate
    from vision.simulate.named import scenario_named

    path = tmp_path_factory.mktemp("fence") / "a.mp4"
    simulate(scenario_named("calf", duration_s=3.0, width_px=160, height_px=128), path, preset="ultrafast")
    return path, analyse(path)


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("OpenCV: Insufficient memory (Failed to allocate 8 bytes)"), True),
        (RuntimeError("dictionary changed size during iteration"), False),
    ],
)
def test_what_lacks_memory_is_known_by_its_words(error: Exception, is_memory: bool) -> None:
    assert is_lack_of_memory(error) == is_memory
    outer = ValueError("the film")
    outer.__cause__ = error
    assert is_lack_of_memory(outer) == is_memory
