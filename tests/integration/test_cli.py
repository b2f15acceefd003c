"""The command line: exit codes, one line for each failure, data on stdout, talk on stderr."""

from __future__ import annotations

import datetime
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import typer.main

import cli
from tests import builders
from tests.integration.test_report import write_clip
from tests.unit.video.clips import render, write_sound
from vision.context import load_context, questions
from vision.report.export import read_result, write_result
from vision.simulate.clip import simulate
from vision.simulate.named import SCENARIOS, scenario_named
from vision.simulate.scenario import DistractorName
from vision.video.encode import ClipWriter

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["analyze", "report", "info", "doctor", "simulate", "schema", "context"]
CLINIC = ["upload", "batch", "review", "timeline", "summary", "export", "forget"]
DRAWN = ["--pdf", "--fhir", "--magnify", "--event-clips", "--deidentify", "--no-video"]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def refused(self, code: int, *words: str) -> None:
        """One line on stderr that names us and says these words; nothing on stdout, no traceback."""
        assert self.code == code
        assert self.out == ""
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        assert self.err.startswith("twitchscope: ")
        assert "Traceback" not in self.err
        assert "defect" not in self.err
        for word in words:
            assert word in self.err


Run = Callable[..., Ran]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> Ran:
        code = cli.main([str(arg) for arg in args])
        return Ran(code, *capfd.readouterr())

    return call


def flat_clip(path: Path, seconds: float = 3.0) -> Path:
    """Nothing but grey: no face, no skin."""
    with ClipWriter(path, 96, 64, preset="ultrafast") as writer:
        for number in range(round(seconds * 30)):
            writer.write(np.full((64, 96), 128, np.uint8), number / 30)
    return path


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text_named_mp4(path: Path) -> None:
    path.write_text("this is no film\n" * 50)


def header_only(path: Path) -> None:
    """An MP4 keeps its index at the end: half of the file cannot be read at all."""
    whole = render(path.with_name("whole.mp4"))
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()


def one_second(path: Path) -> None:
    render(path, [number / 30 for number in range(30)])


BAD_CLIPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda _path: None, "there is no file"),
    "folder": (Path.mkdir, "is a folder"),
    "empty": (empty, "is empty"),
    "text": (text_named_mp4, "cannot be read as a video"),
    "audio only": (write_sound, "no video"),
    "truncated beyond reading": (header_only, "cannot be read as a video"),
    "shorter than 2 s": (one_second, "expected"),
    "no face and no skin": (flat_clip, "expected"),
}


@pytest.mark.parametrize("what", BAD_CLIPS)
def test_a_bad_clip_is_refused_in_one_line(what: str, run: Run, tmp_path: Path) -> None:
    make, words = BAD_CLIPS[what]
    make(tmp_path / "clip.mp4")
    before = set(tmp_path.iterdir())
    ran = run("analyze", "clip.mp4", "--out", "result")
    ran.refused(1, "clip.mp4", words)
    assert str(tmp_path) not in ran.err
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", ["info", "doctor"])
def test_other_commands_refuse_a_bad_clip_likewise(command: str, run: Run, tmp_path: Path) -> None:
    text_named_mp4(tmp_path / "clip.mp4")
    run(command, "clip.mp4").refused(1, "clip.mp4", "cannot be read as a video")


WRONG_USAGE = {
    "no clip": ([], "Missing argument"),
    "unknown option": (["a.mp4", "--fast"], "No such option"),
    "region nonsense": (["a.mp4", "--region", "here"], "--region here"),
    "region of three": (["a.mp4", "--region", "1,2,3"], "X,Y,W,H"),
    "region not finite": (["a.mp4", "--region", "1,2,nan,4"], "X,Y,W,H"),
    "unknown view": (["a.mp4", "--view", "knee"], "'knee' is not one of"),
    "unknown side": (["a.mp4", "--side", "sideways"], "'sideways' is not one of"),
    "mirrored maybe": (["a.mp4", "--mirrored", "maybe"], "'maybe' is not one of"),
    "rate below 0": (["a.mp4", "--capture-rate", "-3"], "above 0"),
    "rate not a number": (["a.mp4", "--capture-rate", "nan"], "above 0"),
    "rate no figure": (["a.mp4", "--capture-rate", "fast"], "--capture-rate"),
    "magnified too much": (["a.mp4", "--magnify", "1000"], "--magnify 1000"),
    "magnified by a word": (["a.mp4", "--magnify", "lots"], "auto, off or a number"),
    "clips without films": (["a.mp4", "--event-clips", "--no-video"], "--no-video"),
    "scale 0": (["a.mp4", "--scale-mm-per-px", "0"], "above 0"),
    "body part of two lines": (["a.mp4", "--body-part", "left\ncalf"], "--body-part"),
    "body part without end": (["a.mp4", "--body-part", "x" * 300], "--body-part"),
    "open without report": (["a.mp4", "--open", "--no-report"], "--open"),
    "no settings file": (["a.mp4", "--settings", "none.toml"], "none.toml"),
    "two of one name": (["a.mp4", "b/a.mov", "--out", "o"], "two clips"),
    "the same twice": (["a.mp4", "./a.mp4"], "two clips"),
    "a PDF without a report": (["a.mp4", "--pdf", "--no-report"], "--no-report"),
}


@pytest.mark.parametrize("what", WRONG_USAGE)
def test_wrong_usage_exits_with_2_before_any_clip_is_opened(what: str, run: Run, tmp_path: Path) -> None:
    args, words = WRONG_USAGE[what]
    run("analyze", *args).refused(2, words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("args", [["analyse", "a.mp4"], ["upload", "a.mp4"], ["report"], ["simulate", "eyelid"]])
def test_wrong_commands_exit_with_2(args: list[str], run: Run) -> None:
    run(*args).refused(2)


def test_an_unknown_settings_key_gets_a_suggestion(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[video]\nshortest_clips_s = 3\n")
    run("analyze", "a.mp4", "--settings", "mine.toml").refused(2, "mine.toml", "did you mean shortest_clip_s")


def test_settings_are_heeded(run: Run, tmp_path: Path, face_clip: Path) -> None:
    (tmp_path / "mine.toml").write_text("[video]\nshortest_clip_s = 3.5\n")
    run("analyze", face_clip, "--settings", "mine.toml", "--out", "o").refused(1, "3.5")


@pytest.mark.parametrize("extra", [["--region", "5000,0,100,100"], ["--capture-rate", "10"]])
def test_options_that_do_not_fit_the_clip_are_wrong_usage(extra: list[str], run: Run, face_clip: Path) -> None:
    run("analyze", face_clip, "--out", "o", *extra).refused(2)
    assert not Path("o").exists()


def test_a_folder_of_something_else_is_left_alone(run: Run, tmp_path: Path, face_clip: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    run("analyze", face_clip, "--out", "thesis").refused(1, "holds something else", "--out")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.txt"]


def test_a_file_is_no_output_folder(run: Run, tmp_path: Path, face_clip: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    run("analyze", face_clip, "--out", "notes").refused(1, "notes is a file")
    assert (tmp_path / "notes").read_text() == "mine"


def test_one_clip_from_analysis_to_a_new_report(run: Run, tmp_path: Path, face_clip: Path) -> None:
    said = ["--side", "right", "--mirrored", "no", "--body-part", "eyelid", "--scale-mm-per-px", "0.5"]
    ran = run("analyze", face_clip, "--out", "result", *said)
    assert (ran.code, ran.err) == (0, "")
    assert "Pattern: " in ran.out
    assert "not a medical device" in ran.out
    folder = tmp_path / "result"
    names = ["events.csv", "magnified.mp4", "overlay.mp4", "report.html", "result.json"]
    names += ["signals.npz", "signals.parquet"]
    assert sorted(path.name for path in folder.iterdir()) == names
    recording = read_result(folder).document.recording
    assert (recording.side, recording.mirrored, recording.body_part) == ("right", False, "eyelid")
    (folder / "report.html").unlink()
    assert run("report", "result").code == 0
    without_still = (folder / "report.html").stat().st_size
    assert run("report", "result", "--clip", face_clip).code == 0
    assert (folder / "report.html").stat().st_size > without_still
    run("report", "result", "--clip", flat_clip(tmp_path / "other.mp4")).refused(1)
    run("report", tmp_path).refused(1, "result.json")


def test_several_clips_and_one_that_fails(run: Run, tmp_path: Path, face_clip: Path) -> None:
    shutil.copy(face_clip, tmp_path / "a.mp4")
    text_named_mp4(tmp_path / "b.mp4")
    shutil.copy(face_clip, tmp_path / "c.mp4")
    ran = run("analyze", "a.mp4", "b.mp4", "c.mp4", "--out", "all", "--json", "--no-report")
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("twitchscope: b.mp4 ")
    documents = [json.loads(line) for line in ran.out.splitlines()]
    assert len(documents) == 2
    assert documents[0] == documents[1] == json.loads((tmp_path / "all" / "a" / "result.json").read_text())
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["a", "c"]
    assert not (tmp_path / "all" / "a" / "report.html").exists()


def test_the_readable_part_of_a_truncated_clip_is_analysed(run: Run, tmp_path: Path) -> None:
    scenario = scenario_named("rest", duration_s=6.0, width_px=320, height_px=400, iod_px=160.0)
    simulate(scenario, tmp_path / "clip.mkv", preset="ultrafast")
    data = (tmp_path / "clip.mkv").read_bytes()
    (tmp_path / "clip.mkv").write_bytes(data[: int(0.7 * len(data))])
    ran = run("analyze", "clip.mkv", "--json", "--no-report")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert 2 < document["clip"]["duration_s"] < 5
    assert {"truncated", "incomplete"} & {warning["code"] for warning in document["quality"]["warnings"]}
    assert (tmp_path / "clip-twitchscope" / "result.json").exists()


def test_a_report_that_fails_leaves_the_result(run: Run, face_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise cli.OutputError("the disk is full", "room", "free some")

    monkeypatch.setattr("vision.isolate.Fence.draw", refuse)
    ran = run("analyze", face_clip, "--out", "o")
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "the result is written, but not its report: the disk is full" in ran.err
    assert read_result(Path("o")).document.clip.is_simulated


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_defect_is_one_line_and_a_traceback_only_with_debug(
    debug: list[str], run: Run, face_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = f"""
from vision import behind
def analyse(*_args):
    raise ZeroDivisionError({str(face_clip)!r})
behind.serve({{"analyse": analyse}})
"""
    monkeypatch.setattr("vision.isolate.Fence.__init__.__defaults__", (None, failing, None))
    ran = run("analyze", face_clip, "--out", "o", *debug)
    assert ran.code == 1
    assert ("Traceback" in ran.err) == bool(debug)
    last = ran.err.splitlines()[-1]
    assert "ZeroDivisionError" in last
    assert "defect of twitchscope" in last
    assert str(face_clip.parent) not in last
    assert debug or ran.err.count("\n") == 1


def test_info_says_what_the_file_says(run: Run, face_clip: Path) -> None:
    ran = run("info", face_clip)
    assert ran.code == 0
    assert "320 × 400 px" in ran.out
    assert "yes, by twitchscope" in ran.out


def test_doctor_checks_the_installation_and_gives_the_filming_advice(run: Run) -> None:
    ran = run("doctor")
    assert (ran.code, ran.err) == (0, "")
    assert "mediapipe" in ran.out
    assert "60 frames a second" in ran.out


def test_doctor_says_what_to_film_better(run: Run, face_clip: Path) -> None:
    ran = run("doctor", face_clip)
    assert (ran.code, ran.err) == (0, "")
    assert "film 60 s or more" in ran.out
    assert "too little for an answer" in ran.out


def test_doctor_advises_on_a_clip_that_cannot_be_analysed(run: Run, tmp_path: Path) -> None:
    one_second(tmp_path / "clip.mp4")
    ran = run("doctor", "clip.mp4")
    assert ran.code == 1
    assert "too short to be analysed" in ran.out
    assert ran.err.count("\n") == 1


def test_info_says_what_to_film_better(run: Run, tmp_path: Path) -> None:
    one_second(tmp_path / "clip.mp4")
    ran = run("info", "clip.mp4")
    assert (ran.code, ran.err) == (0, "")
    assert "To film better:\n- " in ran.out


def test_a_link_is_taken_only_when_asked_for(run: Run, tmp_path: Path, face_clip: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(face_clip)
    run("analyze", "link.mp4", "--out", "o").refused(1, "symbolic link")
    assert run("analyze", "link.mp4", "--out", "o", "--follow-links", "--deidentify").code == 0


def test_info_doctor_and_report_follow_links_when_asked(run: Run, tmp_path: Path) -> None:
    one_second(tmp_path / "clip.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "clip.mp4")
    for command in ("info", "doctor"):
        run(command, "link.mp4").refused(1, "symbolic link")
        assert "symbolic link" not in run(command, "link.mp4", "--follow-links").err
    assert run("info", "link.mp4", "--follow-links").code == 0
    assert "symbolic link" not in run("report", "nothing", "--clip", "link.mp4", "--follow-links").err


def test_a_crash_is_one_line_and_the_next_clip_is_analysed(
    run: Run, tmp_path: Path, face_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child dies at the clip that is named so."""
    deadly = """
import os
from vision import behind
def analyse(path, *rest):
    if path.name == "b.mp4":
        os.abort()
    return behind.TASKS["analyse"](path, *rest)
behind.serve({"analyse": analyse})
"""
    monkeypatch.setattr("vision.isolate.Fence.__init__.__defaults__", (None, deadly, None))
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        shutil.copy(face_clip, tmp_path / name)
    ran = run("analyze", "a.mp4", "b.mp4", "c.mp4", "--out", "all", "--no-report")
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "b.mp4 crashed (SIGABRT)" in ran.err
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["a", "c"]


def test_report_says_where_not_every_twitch_got_its_film(run: Run, tmp_path: Path) -> None:
    sha256 = write_clip(tmp_path / "clip.mp4", seconds=3)
    write_result(builders.sustained_result(count=22, sha256=sha256, duration_s=3.0), tmp_path / "r")
    ran = run("report", "r", "--clip", "clip.mp4", "--event-clips", "--magnify", "off")
    count = len(list((tmp_path / "r" / "event-clips").glob("*.mp4")))
    assert (ran.code, ran.out) == (0, "r/report.html\n")
    assert ran.err == f"twitchscope: clip.mp4: films of {count} of 66 twitches, spread over the clip\n"


def test_simulate_takes_every_option(run: Run, tmp_path: Path) -> None:
    ran = run(
        "simulate", "eyelid", "--out", "clip.mp4", "--seed", 3, "--duration", 1, "--size", "240x320", "--rate", 20,
        "--variable-rate", "--amplitude", 3, "--codec", "libx264", "--bitrate", 900000, "--keyframe-interval", 0.5,
        "--rotation", 90, "--mirrored", "--side", "left", "--iod", 120, "--noise", 0.5, "--shake", 1, "--sway", 1,
        "--pulse", 0.5, "--flicker", 4, "--flicker-bands", 2, "--tone", "dark", "--preset", "ultrafast",
        "--shutter", 0.02, "--travel", 5, "--pulse-colour", 0.01, "--contrast-as", "medium",
        "--distractors", "gaze,focus", "--distractors-per-min", 40, "--distractor-size", 0.5,
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "clip.truth.json").exists()
    assert "90°" in run("info", "clip.mp4").out


@pytest.mark.parametrize(
    ("extra", "words"),
    [(["--crf", 20, "--bitrate", 4000], "not both"), (["--size", "big"], "width x height"), (["--rotation", 45], "45"),
     (["--tone", "green"], "tone"), (["--duration", "nan"], "duration")],
)  # fmt: skip
def test_simulate_refuses_what_cannot_be(extra: list[object], words: str, run: Run, tmp_path: Path) -> None:
    run("simulate", "eyelid", "--out", "clip.mp4", *extra).refused(2, words)
    assert list(tmp_path.iterdir()) == []


def test_simulate_suggests_a_scenario_and_needs_a_folder(run: Run) -> None:
    run("simulate", "eyelids", "--out", "clip.mp4").refused(2, "did you mean eyelid?")
    run("simulate", "rest", "--duration", 1, "--out", "none/clip.mp4").refused(1, "folder")


def test_schema_is_a_json_schema(run: Run) -> None:
    assert json.loads(run("schema").out)["$schema"].startswith("https://json-schema.org/")


def test_help_lists_the_commands_and_what_they_draw(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    group = typer.main.get_command(cli.app)
    assert set(group.commands) == {*COMMANDS, *CLINIC}  # type: ignore[attr-defined]
    assert all(command in ran.out for command in COMMANDS)
    assert run().out == ran.out
    for command in ("analyze", "report"):
        shown = run(command, "--help").out
        assert all(option in shown for option in DRAWN)


def test_help_names_every_scenario() -> None:
    listed = cli.SCENARIOS_HELP.replace(" or ", ", ").split(", ")
    assert listed == list(SCENARIOS)
    kinds = cli.DISTRACTORS_HELP.removeprefix("What is no twitch: ").removesuffix(".").replace(" or ", ", ").split(", ")
    assert kinds == list(get_args(DistractorName))


def test_the_script_does_the_same_as_the_command(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_text("no film")
    beside_python = Path(sys.executable).parent / "twitchscope"
    ways = [[sys.executable, str(ROOT / "cli.py")], [str(beside_python)]]
    ran = [
        subprocess.run([*way, "analyze", "clip.mp4"], cwd=tmp_path, capture_output=True, text=True, check=False)
        for way in ways
    ]
    assert [way.returncode for way in ran] == [1, 1]
    assert ran[0].stderr == ran[1].stderr
    assert ran[0].stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGINT between processes")
def test_ctrl_c_ends_with_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "cli.py"), "simulate", "eyelid", "--out", "clip.mp4", "--size", "1080x1920"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline_s = time.monotonic() + 30
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "twitchscope: stopped; nothing half-written is left\n"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_is_no_failure_of_ours(tmp_path: Path) -> None:
    command = f'"{sys.executable}" "{ROOT / "cli.py"}" schema | head -c 1'
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr


def test_the_context_is_asked_in_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = list(questions())
    typed = {"since": "2020-02-30\n2020-02-29", "age_years": "61", "weakness": "y", "speech": "maybe\nn"}
    lines = [typed.get(question.key, "") for question in asked]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines) + "\n"))
    ran = run("context", "new", "--out", "answers.toml")
    assert (ran.code, ran.out) == (0, "answers.toml\n")
    assert all(question.text in ran.err for question in asked)
    context = load_context(tmp_path / "answers.toml", datetime.date.today())
    assert (context.signs.weakness, context.signs.speech, context.signs.wasting) == ("yes", "no", "not asked")
    assert (str(context.history.since), context.history.age_years) == ("2020-02-29", 61)
    run("context", "new", "--out", "answers.toml").refused(1, "answers.toml is already there")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    ran = run("context", "new", "--out", "other.toml")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1].startswith("twitchscope: the answers ended before the questions")
    assert not (tmp_path / "other.toml").exists()


def test_answers_are_kept_where_the_input_ends_early(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    typed = ["2020-02-29" if question.key == "since" else "" for question in questions()][:5]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(typed) + "\n"))
    ran = run("context", "new", "--out", "answers.toml")
    assert (ran.code, ran.out) == (1, "")
    assert "those given are in answers.toml" in ran.err.splitlines()[-1]
    kept = load_context(tmp_path / "answers.toml", datetime.date.today())
    assert str(kept.history.since) == "2020-02-29"


def test_a_context_that_does_not_fit_is_refused_before_any_work(run: Run, tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text("[signs]\nweaknes = true\n")
    run("analyze", "none.mp4", "--context", "answers.toml").refused(2, "weaknes", "did you mean weakness?")
    run("analyze", "none.mp4", "--context", "missing.toml").refused(2, "missing.toml cannot be read")
