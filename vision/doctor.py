"""Whether this installation can do its work, and how to film."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from vision.locate.face import EyeModel, FaceModel
from vision.model.clip import ClipInfo
from vision.model.looks import Looks
from vision.model.result import AnalysisResult, Quality
from vision.model.signals import MotionSignals
from vision.report.facts import file_advice
from vision.report.units import share
from vision.video.codecs import OWN_ENCODERS, PHONE_DECODERS, missing_decoders, missing_encoders

# From which on advice is given. All our choice, unvalidated; blur was looked at on a dozen clips, sharp and blurred.
BLURRED = 0.65
DARK_LEVEL = 40.0
BURNT_SHARE = 0.05
SMALL_AREA_SHARE = 0.05
TREMOR_HZ = 4.0  # a hand trembles faster than this, a body sways more slowly (docs/method.md: 6-12 Hz)
WANDER_SHARE, TREMOR_SHARE = 0.02, 0.0001  # of the longer side
NOTHING_TO_IMPROVE = "Nothing to improve."
# Warnings of an analysis that `film_advice` has given by then.
SEEN_BY_THE_FILE = ("low-frame-rate", "short", "dim", "interlaced", "slowed-part", "truncated")
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


def film_advice(info: ClipInfo, looks: Looks | None) -> list[str]:
    """Say what to film better, by the file and by a few of its pictures; what the analysis adds comes after it."""
    advice = file_advice(info)
    if looks is None:
        return advice
    if looks.blur is not None and looks.blur > BLURRED:
        advice.append("The picture is blurred: clean the lens, tap on the skin to focus, and hold the distance.")
    if looks.brightness < DARK_LEVEL:
        advice.append("The picture is dark: film in daylight, or add light.")
    if looks.burnt_share > BURNT_SHARE:
        advice.append(f"{share(looks.burnt_share)} of its middle is burnt out: less light, or a lower exposure.")
    return advice


def motion_advice(result: AnalysisResult, info: ClipInfo) -> list[str]:
    """Say what to film better, by how the picture moved and how much of it could be watched."""
    advice = []
    signals = result.signals
    if _glides(signals, max(info.width_px, info.height_px)):
        advice.append("The picture glides without the tremor of a hand: if the phone was held, stabilisation was on.")
    watched = len(signals.point_px) * signals.spacing_px**2 / (info.width_px * info.height_px)
    if result.document.view == "skin" and watched < SMALL_AREA_SHARE:
        advice.append(f"The skin that could be watched fills {share(watched)} of the picture: film closer.")
    return [*advice, *quality_lines(result.document.quality)]


def _glides(signals: MotionSignals, side_px: int) -> bool:
    """Whether the camera wandered, but without movement of `TREMOR_HZ`: so it does on a stabiliser, and on rails."""
    middle = np.append(signals.point_px.mean(0), 1.0)
    path_px = signals.camera @ middle
    window = max(3, round(1 / (TREMOR_HZ * float(np.median(np.diff(signals.time_s))))) | 1)
    if len(path_px) < 4 * window:
        return False
    kernel = np.ones(window) / window
    slow = np.column_stack([np.convolve(axis, kernel, mode="valid") for axis in path_px.T])
    quick = path_px[window // 2 : len(path_px) - window // 2] - slow
    tremor_px = float(np.sqrt(np.mean(quick**2) * 2))
    wander_px = float(np.linalg.norm(np.percentile(path_px, 95, axis=0) - np.percentile(path_px, 5, axis=0)))
    return wander_px > WANDER_SHARE * side_px and tremor_px < TREMOR_SHARE * side_px


def quality_lines(quality: Quality) -> list[str]:
    """Say what the analysis found wanting, but for what the file alone has shown already."""
    warnings = [warning for warning in quality.warnings if warning.code not in SEEN_BY_THE_FILE]
    lines = [f"{warning.message} {warning.advice}".strip() for warning in warnings]
    if not quality.usable:
        lines.insert(0, f"Only {quality.observed_s:.0f} s of clear view: too little for an answer.")
    return lines
