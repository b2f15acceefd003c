"""Frozen settings with units and sources. A settings file is TOML with one table for each class below.

A number without a cited source is our choice, unvalidated: it was set on simulated clips or derived as said
beside it, never fitted to a patient's recording.
"""

from __future__ import annotations

import difflib
import hashlib
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoSettings(_Section):
    """What is read."""

    shortest_clip_s: float = Field(2.0, gt=0, description="Shorter clips are refused: two bursts would not fit in.")
    largest_frame_px: int = Field(7680 * 4320, gt=0, description="Pixels of a frame; 8K is the largest a phone films.")
    longest_clip_s: float = Field(1800.0, gt=0, description="Longer clips are refused: cut them first.")
    small_side_px: int = Field(320, ge=64, description="Longer side of the RGB picture that the face model sees.")


class LocateSettings(_Section):
    """Where the body part is looked for."""

    landmark_rate_hz: float = Field(
        12.0, gt=0, description="Face landmarks a second; twice the fastest blink phase (100 ms, science.md) is 10 Hz."
    )
    preview_frame_count: int = Field(6, ge=1, description="Frames looked at to decide the view.")
    smallest_face_iod_px: float = Field(
        60.0, gt=0, description="Outer-eye distance below which a warning says that the face is too small."
    )


class MotionSettings(_Section):
    """How displacement is measured."""


class DetectionSettings(_Section):
    """When a movement counts as a twitch."""


class FeatureSettings(_Section):
    """How events become figures."""


class PatternSettings(_Section):
    """The label table of docs/method.md as numbers. All our choice, unvalidated."""


class Settings(_Section):
    """Everything that changes a result."""

    video: VideoSettings = VideoSettings()
    locate: LocateSettings = LocateSettings()
    motion: MotionSettings = MotionSettings()
    detection: DetectionSettings = DetectionSettings()
    features: FeatureSettings = FeatureSettings()
    pattern: PatternSettings = PatternSettings()


def settings_sha256(settings: Settings) -> str:
    """Name a set of settings by its content."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()


def load_settings(path: Path) -> Settings:
    """Read a TOML settings file.

    Raises
    ------
    SettingsError
        The file is missing or no TOML, a key is unknown ("did you mean"), a value is out of its range.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the settings {path.name} cannot be read", "a TOML file", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path.name} is not TOML ({error})", "lines such as  key = value  under [section]"
        ) from error
    return parse_settings(data, path.name)


def parse_settings(data: dict[str, Any], name: str = "the settings") -> Settings:
    """Turn plain data into settings, refusing what is unknown or out of range."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(problem, name) for problem in error.errors())) from error


def _explain(problem: Any, name: str) -> str:
    *parents, key = [str(part) for part in problem["loc"]]
    where = ".".join([*parents, key])
    if problem["type"] != "extra_forbidden":
        return f"{name}: {where} = {problem['input']!r}, {problem['msg'].lower()}"
    section: type[BaseModel] = Settings
    for parent in parents:
        annotation = section.model_fields[parent].annotation
        assert isinstance(annotation, type)
        assert issubclass(annotation, BaseModel)
        section = annotation
    close = difflib.get_close_matches(key, section.model_fields, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else "known: " + ", ".join(section.model_fields)
    return f"{name}: unknown setting {where}, {hint}"
