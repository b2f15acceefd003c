from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from vision.errors import SettingsError
from vision.settings import Settings, VideoSettings, load_settings, parse_settings, settings_sha256

SECTIONS = {name: field.annotation for name, field in Settings.model_fields.items()}


def fields() -> list[tuple[str, str, Any]]:
    found = []
    for section, kind in SECTIONS.items():
        assert isinstance(kind, type)
        assert issubclass(kind, BaseModel)
        found += [(section, name, field) for name, field in kind.model_fields.items()]
    return found


@given(st.floats(0.001, 1000))
def test_what_is_written_is_read(shortest_s: float) -> None:
    settings = parse_settings({"video": {"shortest_clip_s": shortest_s}})
    assert settings.video.shortest_clip_s == shortest_s
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


@given(st.floats(0.001, 1000), st.floats(0.001, 1000))
def test_settings_share_a_name_only_if_they_are_the_same(one_s: float, other_s: float) -> None:
    named = [settings_sha256(parse_settings({"video": {"shortest_clip_s": s}})) for s in (one_s, other_s)]
    assert (named[0] == named[1]) == (one_s == other_s)


@given(st.text(alphabet=st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=20))
def test_an_unknown_key_is_refused(key: str) -> None:
    assume(key not in type(Settings().detection).model_fields)  # Hypothesis tries words of our own code, as "decay"
    with pytest.raises(SettingsError, match="unknown setting"):
        parse_settings({"detection": {key: 1}})


@pytest.mark.parametrize(("section", "name", "field"), fields())
def test_every_setting_says_what_it_is(section: str, name: str, field: Any) -> None:
    assert field.description
    assert field.description.strip().endswith(".")


@pytest.mark.parametrize(("section", "name", "field"), fields())
def test_no_number_may_be_nan_or_infinite_or_far_below_zero(section: str, name: str, field: Any) -> None:
    for wrong in (math.nan, -math.inf, -1e9):
        with pytest.raises(SettingsError):
            parse_settings({section: {name: wrong}})


def test_a_key_nearly_right_gets_a_suggestion() -> None:
    with pytest.raises(
        SettingsError, match=r"mine\.toml: unknown setting video\.shortest_clips_s, did you mean shortest_clip_s"
    ):
        parse_settings({"video": {"shortest_clips_s": 1}}, "mine.toml")
    with pytest.raises(SettingsError, match="did you mean video"):
        parse_settings({"vidio": {}})


def test_a_section_nothing_like_any_gets_the_list() -> None:
    with pytest.raises(SettingsError, match=r"known: video, locate, motion"):
        parse_settings({"qqqqqqqq": 1})


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        parse_settings({"video": {"shortest_clip_s": -1, "speed": 1}})
    assert "shortest_clip_s = -1" in str(refusal.value)
    assert "video.speed" in str(refusal.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        VideoSettings().shortest_clip_s = 3.0  # type: ignore[misc]


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# mine\n[video]\nshortest_clip_s = 3\n[detection]\nrise_s = [0.04, 0.08]\n", encoding="utf-8")
    settings = load_settings(path)
    assert settings.video.shortest_clip_s == 3
    assert settings.detection.rise_s == (0.04, 0.08)
    assert settings.locate == Settings().locate


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    assert load_settings(tmp_path / "empty.toml") == Settings()


@pytest.mark.parametrize("content", [b"shortest = = 3", b"\xff\xfe", b"[video", b"video = 3"])
def test_what_is_no_settings_file_is_refused_without_its_folder(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="mine") as refusal:
        load_settings(path)
    assert str(tmp_path) not in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_a_missing_file_or_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / name)
