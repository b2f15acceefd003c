from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import fresh


def test_every_scenario_and_seed_comes_to_the_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def score(arguments: list[str]) -> int:
        for path in sorted(Path(arguments[0]).glob("*.truth.json")):
            truth = json.loads(path.read_text(encoding="utf-8"))
            assert path.with_name(path.name.replace(".truth.json", ".mp4")).stat().st_size > 0
            seen[path.name.removesuffix(".truth.json")] = truth["label"]
        return 0

    monkeypatch.setattr(fresh.accuracy, "main", score)
    assert fresh.main(["7", "8", "--only", "skin-rest", "--duration", "1", "--out", str(tmp_path / "out")]) == 0
    assert seen == {"skin-rest-s7": "no-twitch", "skin-rest-s8": "no-twitch"}
