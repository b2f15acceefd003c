"""How far a clip can be trusted, and what to do better in the next film."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.blocks import blocks
from vision.model.clip import ClipInfo
from vision.model.events import EventSet
from vision.model.regions import RegionTrack
from vision.model.result import Quality, QualityWarning, RegionLimit
from vision.model.signals import MotionSignals
from vision.settings import QualitySettings
from vision.twitch.artefacts import picture_steps_px

FROZEN_STEP_PX = 0.01  # a cell that moves less from one frame to the next was not coded anew
# What H.264 leaves of a twitch at the limit, at so many bits a pixel: a messenger's copy, a phone's film. Medians of
# simulated films (docs/method.md); newer codecs do as well with half the bits.
COPY_BITS_PER_PX, PHONE_BITS_PER_PX = 0.022, 0.15
LEFT_IN_A_COPY, LEFT_IN_A_FILM = 0.66, 0.9
THRIFTY_CODECS = frozenset({"hevc", "vp9", "av1"})

PROBLEMS: dict[str, tuple[str, str]] = {
    "truncated": ("The file ends before its own stated end.", "Copy the original from the phone again."),
    "damaged": ("Part of the file is damaged and was left out.", "Copy the original from the phone again."),
    "duplicate-timestamps": ("Some pictures carry the same time and were left out.", "Send the phone's original file."),
    "backward-timestamps": ("Some pictures run backward in time and were left out.", "Send the phone's original file."),
    "missing-timestamps": (
        "Some times were missing and were derived from their neighbours.",
        "Send the original file.",
    ),
    "no-timestamps": (
        "The file holds no times; those of its stated rate were used, so every frequency is only as true as that rate.",
        "Send the phone's original file.",
    ),
    "interlaced": (
        "The film was interlaced; every second line was made from its neighbours.",
        "Film with a phone, not through a TV format.",
    ),
    "slowed-part": (
        "The phone slowed a part of the film down: times and frequencies in it are not those of life.",
        "Film without super slow motion.",
    ),
    "odd-rotation": ("The file turns its picture by no quarter turn; that was ignored.", "Send the original file."),
    "odd-pixel-shape": ("The shape of the pixels makes no sense and was ignored.", "Send the original file."),
    "size-change": ("The picture changes its size; only one size was read.", "Send the phone's original file."),
    "several-faces": ("Several faces are in view; the largest was measured.", "Film one person alone."),
    "skin-not-sure": ("What was measured may not be skin.", "Say where to look with --region X,Y,W,H."),
    "estimated-scale": ("The scale is estimated from the width of one eye.", "Film the whole face as well."),
}


def judge_quality(
    info: ClipInfo, problems: Sequence[str], regions: RegionTrack, signals: MotionSignals, events: EventSet,
    limits_px: dict[int, float], mm_per_px: float | None, settings: QualitySettings,
) -> Quality:  # fmt: skip
    """Weigh what was seen.

    Parameters
    ----------
    problems : codes from reading the file. limits_px : limit of detection by region index, as the film shows it.
    """
    frozen = frozen_share(signals)
    left = left_by_the_encoder(info)
    known_px = {} if frozen > settings.blind_frozen_share else {at: px / left for at, px in limits_px.items()}
    limits = _region_limits(known_px, events, signals.scale_px, mm_per_px)
    worst = max(limits, key=lambda limit: limit.limit_of_detection_px, default=None)
    codes = [*problems, *regions.warnings]
    warnings = [QualityWarning(code, *PROBLEMS[code]) for code in dict.fromkeys(codes) if code in PROBLEMS]
    warnings += _film_warnings(info, events, settings) + _picture_warnings(signals, regions, frozen, settings)
    return Quality(
        usable=events.observed_s >= settings.shortest_useful_s,
        observed_s=events.observed_s,
        limit_of_detection_px=None if worst is None else worst.limit_of_detection_px,
        limit_of_detection_mm=None if worst is None else worst.limit_of_detection_mm,
        warnings=tuple(warnings),
        limit_of_detection_iod=None if worst is None else worst.limit_of_detection_iod,
        region_limits=limits,
    )


def left_by_the_encoder(info: ClipInfo) -> float:
    """Share of a twitch at the limit that an encoder leaves: it drops small changes, the more the fewer its bits."""
    if info.bits_per_px is None:
        return LEFT_IN_A_FILM
    bits = info.bits_per_px * (2 if info.codec in THRIFTY_CODECS else 1)
    known = np.log([COPY_BITS_PER_PX, PHONE_BITS_PER_PX])
    return float(np.interp(np.log(bits), known, [LEFT_IN_A_COPY, LEFT_IN_A_FILM]))


def _region_limits(
    limits_px: dict[int, float], events: EventSet, scale_px: float | None, mm_per_px: float | None
) -> tuple[RegionLimit, ...]:
    """Say the limit of each region that was watched at least half of the time, in every unit that is known."""
    watched = [index for index, row in enumerate(events.observed) if row.observed_s >= 0.5 * events.observed_s > 0]
    return tuple(
        RegionLimit(
            events.observed[index].name, events.observed[index].side, limits_px[index],
            None if mm_per_px is None else limits_px[index] * mm_per_px,
            limits_px[index] / scale_px if scale_px else None,
        )
        for index in watched
        if index in limits_px
    )  # fmt: skip


def _film_warnings(info: ClipInfo, events: EventSet, settings: QualitySettings) -> list[QualityWarning]:
    found = []
    rate_hz = 1 / events.frame_interval_s
    if rate_hz < settings.good_rate_hz:
        found.append(
            QualityWarning(
                "low-frame-rate",
                f"{rate_hz:.0f} frames a second: the peak of a quick twitch falls between two frames.",
                f"Film at {settings.good_rate_hz:.0f} frames a second or more.",
            )
        )
    if info.duration_s is not None and info.duration_s < settings.good_duration_s:
        found.append(
            QualityWarning(
                "short",
                f"{info.duration_s:.0f} s were filmed; rare twitches are easily missed.",
                f"Film {settings.good_duration_s:.0f} s, better 2 to 3 minutes.",
            )
        )
    talked_s = sum(movement.offset_s - movement.onset_s for movement in events.rejected if movement.kind == "speech")
    if talked_s > 0:
        found.append(
            QualityWarning(
                "talking",
                f"The mouth moved as in talking for {talked_s:.0f} s, which were left out.",
                "Film without talking.",
            )
        )
    if not info.is_complete:
        found.append(QualityWarning("incomplete", "The clip could not be read to its end.", "Copy the original again."))
    return found


def _picture_warnings(
    signals: MotionSignals, regions: RegionTrack, frozen: float, settings: QualitySettings
) -> list[QualityWarning]:
    found = []
    if signals.scale_px is not None and regions.view == "face" and signals.scale_px < settings.small_face_iod_px:
        found.append(
            QualityWarning(
                "small-face",
                f"The face is small: {signals.scale_px:.0f} px between the outer corners of the eyes.",
                "Film closer, or in a higher resolution.",
            )
        )
    if frozen > settings.frozen_share:
        found.append(
            QualityWarning(
                "heavy-compression",
                f"{frozen:.0%} of the picture stands still from one frame to the next, as in a messaging copy.",
                "Send the phone's original file.",
            )
        )
    if np.nanstd(np.log(np.maximum(signals.luma_gain, 1e-3))) > settings.flicker_share:
        found.append(QualityWarning("flicker", "The light flickers or changes.", "Film in daylight, exposure locked."))
    brightness = np.nanmedian(regions.skin_rgb) if np.isfinite(regions.skin_rgb).any() else np.nan
    if np.isfinite(brightness) and brightness < settings.dim_level:
        found.append(QualityWarning("dim", "The skin is dark in the picture.", "Film in daylight, or add light."))
    if _step_px(signals) > settings.shaky_px:
        found.append(QualityWarning("shaky", "The camera or the body part moves much.", "Rest both on something firm."))
    return found


def _step_px(signals: MotionSignals) -> float:
    """Mean step of the whole picture from frame to frame, pixels."""
    return float(picture_steps_px(signals)[1:].mean()) if len(signals.time_s) > 1 else 0.0


def frozen_share(signals: MotionSignals) -> float:
    """Share of cells that do not move at all from one frame to the next: skipped by the encoder, not at rest."""
    frozen = seen = 0
    for own in blocks(signals.displacement_px.shape[1]):
        step = np.abs(np.diff(signals.displacement_px[:, own], axis=0)).max(-1)
        frozen, seen = frozen + int((step < FROZEN_STEP_PX).sum()), seen + int(np.isfinite(step).sum())
    return frozen / seen if seen else 0.0
