"""Whether this installation can do its work, and how to film."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from vision.locate.face import EyeModel, FaceModel
from vision.model.result import Quality
from vision.video.codecs import OWN_ENCODERS, PHONE_DECODERS, missing_decoders, missing_encoders

LIBRARIES = ("twitchscope", "av", "opencv-python", "mediapipe", "numpy", "scipy", "pydantic", "jinja2")
# Word for word the filming advice of docs/method.md, one sentence each.
FILMING_ADVICE = (
    "Rest the body part, and do not talk.",
    "Film in daylight, or in light that does not flicker.",
    "Fix the phone; lock focus and exposure; switch stabilisation off.",
    "Film at 60 frames a second or more.",
    "Film for 60 s or more, better 2 to 3 minutes at each place.",
    "Film a close-up and the whole face, and both sides.",
    "Lay a ruler beside the skin, so that the scale is known.",
    "Send the phone's original file, not a messaging copy.",
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: its name, what was found, and whether that will do."""

    name: str
    found: str
    is_fine: bool


def check_installation() -> list[Check]:
    """Look at versions, codecs and face models. Opens no file of the user's and no socket."""
    checks = [Check("Python", platform.python_version(), is_fine=True), *(_library(name) for name in LIBRARIES)]
    checks.append(_codecs("Reads", PHONE_DECODERS, missing_decoders()))
    checks.append(_codecs("Writes", OWN_ENCODERS, missing_encoders()))
    checks.append(_face_models())
    return checks


def _library(name: str) -> Check:
    try:
        return Check(name, version(name), is_fine=True)
    except PackageNotFoundError:
        return Check(name, "not installed; set up again as the README says", is_fine=False)


def _codecs(name: str, wanted: tuple[str, ...], missing: list[str]) -> Check:
    if missing:
        return Check(name, f"not {', '.join(missing)}; install av from its own wheel", is_fine=False)
    return Check(name, ", ".join(wanted), is_fine=True)


def _face_models() -> Check:
    try:
        FaceModel(is_stream=False, max_faces=1, smallest_score=0.5).close()
        EyeModel().close()
    except Exception as error:  # whatever a native library raises, the answer is the same
        return Check("Face models", f"do not load ({type(error).__name__}); install mediapipe 0.10.21", is_fine=False)
    return Check("Face models", "load, from the installed wheel", is_fine=True)


def quality_lines(quality: Quality) -> list[str]:
    """Say what to film better; one line where there is nothing to improve."""
    lines = [f"{warning.message} {warning.advice}".strip() for warning in quality.warnings]
    if not quality.usable:
        lines.insert(0, f"Only {quality.observed_s:.0f} s of clear view: too little for an answer.")
    return lines or ["Nothing to improve."]
