from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import accuracy
from vision.simulate.clip import simulate
from vision.simulate.named import scenario_named

SHARED_RULE = Path(__file__).resolve().parents[3] / ".." / "shared" / "bench" / "score.py"
FAKE_RULE = """
def score_case(truth, result):
    label = "(no result)" if result is None else result["pattern"]["label"]
    return {"case": truth["name"], "truth": truth["label"], "label": label,
            "call": "right" if label == truth["label"] else "wrong", "n_true": len(truth["twitches"])}


def summarise(rows):
    return {"cases": len(rows), "labels_right": sum(row["call"] == "right" for row in rows)}
"""


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    path = tmp_path / "rule.py"
    path.write_text(FAKE_RULE)
    return path


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Two clips: one that holds nothing but its name, one that is no film."""
    folder = tmp_path / "cases"
    folder.mkdir()
    for name, label in (("still", "no-twitch"), ("torn", "intermittent-focal")):
        truth = {"name": name, "label": label, "twitches": [], "duration_s": 3.0, "sample_rate_hz": 30}
        (folder / f"{name}.truth.json").write_text(json.dumps(truth))
        (folder / f"{name}.mp4").write_text("no film")
    return folder


def result_of(label: str) -> str:
    return json.dumps({"pattern": {"label": label}, "events": [], "regions": [], "features": {"frequency": {}}})


def fake_analyse(clip: Path, folder: Path) -> None:
    if clip.stem == "torn":
        raise RuntimeError("ClipNotReadableError: torn.mp4 holds\nno video")
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(result_of("no-twitch"))


def run(cases: Path, work: Path, rule: Path, analyse: accuracy.Analyse, workers: int = 1) -> list[dict[str, Any]]:
    found = accuracy.find_cases(cases)
    return accuracy.run(found, work, accuracy.load_rule(rule), analyse, workers, lambda _line: None)


def without_seconds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_one_worker_equals_many(cases: Path, rule: Path, tmp_path: Path) -> None:
    one, many = (run(cases, tmp_path / str(n), rule, fake_analyse, n) for n in (1, 3))
    assert without_seconds(one) == without_seconds(many)


def test_a_clip_that_fails_is_no_result_and_the_others_go_on(cases: Path, rule: Path, tmp_path: Path) -> None:
    still, torn = run(cases, tmp_path / "work", rule, fake_analyse)
    assert (still["label"], still["call"]) == ("no-twitch", "right")
    assert (torn["label"], torn["call"]) == ("(no result)", "wrong")
    assert torn["problem"] == "ClipNotReadableError: torn.mp4 holds no video"


@pytest.mark.parametrize("written", ["no JSON", None])
def test_an_older_result_never_stands_in(cases: Path, rule: Path, tmp_path: Path, written: str | None) -> None:
    work = tmp_path / "work"
    (work / "still").mkdir(parents=True)
    (work / "still" / "result.json").write_text(result_of("no-twitch"))

    def analyse(_clip: Path, folder: Path) -> None:
        if written is not None:
            folder.mkdir(parents=True)
            (folder / "result.json").write_text(written)

    assert {row["label"] for row in run(cases, work, rule, analyse)} == {"(no result)"}


def test_the_page_holds_every_clip_and_figure(cases: Path, rule: Path, tmp_path: Path) -> None:
    rows = run(cases, tmp_path / "work", rule, fake_analyse)
    text = accuracy.page({"vision": "abc"}, accuracy.load_rule(rule).summarise(rows), rows)
    assert "## At rest" in text
    assert f"## {accuracy.OTHER_KIND}" in text
    assert [line.split("|")[1].strip() for line in text.splitlines() if "no-twitch" in line] == ["still"]
    assert "ClipNotReadableError" in text
    assert len({line.count("|") for line in text.split("## At rest")[1].split("##")[0].splitlines() if line}) == 1


def test_the_informed_detector_stands_beside_ours(cases: Path, rule: Path, tmp_path: Path) -> None:
    def analyse(clip: Path, folder: Path) -> None:
        fake_analyse(clip, folder)
        bounds = {"informed": {"tp": 8, "fp": 0, "fn": 2, "f1": 0.889}}
        (folder / "bounds.json").write_text(json.dumps(bounds))

    still, torn = run(cases, tmp_path / "work", rule, analyse)
    assert still["informed_f1"] == 0.889
    assert "informed_f1" not in torn


def test_conditions_are_pooled_over_their_clips() -> None:
    counts = {"informed_tp": 9, "informed_fp": 0, "informed_fn": 1, "n_true": 10}
    rows = [
        {"case": "faceA_focal_1.0", "tp": 10, "fp": 0, "fn": 0, **counts},
        {"case": "faceB_focal_1.0", "tp": 5, "fp": 5, "fn": 5, **counts},
        {"case": "faceA_rest"},
    ]
    table = accuracy.pooled_table(rows)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "face_focal" in line]
    assert cells == [["face_focal_1.0", "2", "20", "0.75", "0.947", "", "0.197"]]
    assert accuracy.pooled_table([{"case": "faceA_rest"}]) == ""


@pytest.mark.parametrize(("name", "condition"), [("wristA_focal", "wrist_focal"), ("face-2px-s11", "face-2px")])
def test_a_condition_is_the_name_without_person_and_seed(name: str, condition: str) -> None:
    assert accuracy.condition_of(name) == condition


def test_only_takes_known_names(cases: Path) -> None:
    assert [case.name for case in accuracy.find_cases(cases, ["torn"])] == ["torn"]
    with pytest.raises(FileNotFoundError, match="no case fearless; known: still, torn"):
        accuracy.find_cases(cases, ["fearless"])
    with pytest.raises(FileNotFoundError, match="expected clips with known truth"):
        accuracy.find_cases(cases.parent / "nowhere")


def test_a_name_in_a_truth_is_no_way_out_of_the_folder(cases: Path) -> None:
    (cases / "still.truth.json").write_text(json.dumps({"name": "../../elsewhere"}))
    assert accuracy.find_cases(cases)[0].name == "elsewhere"


def test_without_the_shared_rule_it_says_what_is_needed(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        accuracy.main([str(cases), "--rule", str(tmp_path / "none.py")])
    assert stopped.value.code == 2
    assert "shared folder beside the checkout" in capsys.readouterr().err


def test_the_whole_command_writes_its_files(
    cases: Path, rule: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(accuracy, "analyse_apart", lambda clip, folder, _rule: fake_analyse(clip, folder))
    out = tmp_path / "out"
    arguments = [str(cases), "--rule", str(rule), "--out", str(out), "--date", "2026-01-02"]
    assert accuracy.main([*arguments, "--only", "still"]) == 0
    assert not (out / "accuracy.md").exists()
    assert accuracy.main(arguments) == 1
    document = json.loads((out / "accuracy.json").read_text())
    assert document["made"]["date"] == "2026-01-02"
    assert document["summary"] == {"cases": 2, "labels_right": 1}
    assert capsys.readouterr().out.endswith((out / "accuracy.md").read_text())


@pytest.fixture
def small_clip(cases: Path) -> Path:
    clip = cases / "still.mp4"
    simulate(scenario_named("skin-rest", width_px=320, height_px=240, duration_s=3.0), clip, preset="ultrafast")
    return clip


@pytest.mark.slow
def test_real_analyses_in_processes_of_their_own(small_clip: Path, tmp_path: Path) -> None:
    if not SHARED_RULE.is_file():
        pytest.skip("the shared scoring rule is not beside this checkout")

    def analyse(clip: Path, folder: Path) -> None:
        accuracy.analyse_apart(clip, folder, SHARED_RULE)

    still, torn = run(small_clip.parent, tmp_path / "work", SHARED_RULE, analyse)
    assert still["case"] == "still"
    assert still["label"] != "(no result)", still
    assert "false_per_min" in still
    assert (torn["label"], torn["fn"]) == ("(no result)", 0)
    assert "ClipNotReadableError" in torn["problem"]
