from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import outcomes

PATTERN = "some table\nPattern: no-twitch (…), probability 90 %.\n"


@pytest.mark.parametrize(
    ("code", "out", "err", "has_parcel", "kind"),
    [
        (0, PATTERN, "", True, "result"),
        (0, PATTERN, "", False, "unclear"),  # an answer without its result folder
        (0, "", "", True, "unclear"),  # no answer
        (1, "", "twitchscope: not a film\n", False, "refusal"),
        (1, "", "twitchscope: not a film\n", True, "unclear"),  # half written
        (1, "", "", False, "unclear"),  # no word
        (1, "", "warning: odd\ntwitchscope: not a film\n", False, "unclear"),  # more than one line
        (1, "", "twitchscope: unexpected KeyError; this is a defect of twitchscope", False, "defect"),
        (-9, "", "Killed", False, "unclear"),
        (0, PATTERN, "Traceback (most recent call last):\n  …\nKeyError: 1", True, "traceback"),
    ],
)
def test_kinds_of_ending(code: int, out: str, err: str, has_parcel: bool, kind: str) -> None:
    assert outcomes.judge(code, out, err, has_parcel)[0] == kind


def test_catalogues_are_no_clips_and_every_file_has_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.mp4", "b.mov", "CATALOGUE.md"):
        (tmp_path / name).touch()
    monkeypatch.setattr(
        outcomes, "outcome", lambda path, _parcel: outcomes.Said(path.name, "refusal", "empty; film again", 0.1)
    )
    assert outcomes.main([str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 files: 2 refusal"
    assert len((tmp_path / "out" / "outcomes.txt").read_text(encoding="utf-8").splitlines()) == 2


def test_a_traceback_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").touch()
    monkeypatch.setattr(outcomes, "outcome", lambda path, _parcel: outcomes.Said(path.name, "traceback", "", 0.1))
    assert outcomes.main([str(tmp_path), "--out", str(tmp_path / "out")]) == 1
