"""The whole method in order: read aloud, it is about ten calls."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from vision.locate.assign import region_of_points
from vision.locate.choose import choose_locator
from vision.locate.locator import Locator
from vision.model.clip import ClipInfo
from vision.model.events import EventSet
from vision.model.features import Features, PatternCall
from vision.model.regions import RegionTrack, View
from vision.model.request import Request
from vision.model.result import (
    AnalysisResult,
    ClipRecord,
    Clock,
    Quality,
    Recording,
    RegionRecord,
    ResultDocument,
    Software,
)
from vision.model.signals import MotionSignals, PointTracks
from vision.motion.stabilise import stabilise
from vision.motion.track import GridTracker
from vision.settings import Settings, settings_sha256
from vision.twitch.eyelids import measure_eye_closure
from vision.twitch.find import find_twitches
from vision.twitch.frequency import measure_frequency
from vision.twitch.pattern import call_pattern
from vision.twitch.quality import judge_quality
from vision.twitch.rhythm import measure_rhythm
from vision.twitch.spectrum import busiest_peak_hz, site_spectra
from vision.twitch.spread import measure_spread
from vision.video.decode import open_clip, sample_frames
from vision.video.probe import probe, require_long_enough, slowdown_factor

Progress = Callable[[float], None]
"""Told the share of the clip that is done, 0 to 1."""


def _unheard(_share: float) -> None:
    """Listen to no progress."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What the pictures gave: no frame, only where the parts are and how the skin moved."""

    info: ClipInfo
    problems: tuple[str, ...]
    regions: RegionTrack
    signals: MotionSignals


def analyse(
    path: Path, settings: Settings | None = None, request: Request | None = None, on_progress: Progress | None = None,
    *, declared: ClipInfo | None = None,
) -> AnalysisResult:  # fmt: skip
    """Analyse one clip.

    Parameters
    ----------
    declared : what `vision.video.probe.probe` said of the clip, where the caller has asked already.

    Raises
    ------
    ClipError
        The clip cannot be read, is too short, or shows nothing that can be measured.
    SettingsError
        The request does not fit the clip.
    """
    settings, request = settings or Settings(), request or Request()
    measured = measure(path, settings, request, on_progress or _unheard, declared)
    return interpret(measured, settings, request)


def measure(
    path: Path, settings: Settings, request: Request, on_progress: Progress, declared: ClipInfo | None = None
) -> Measured:
    """Read the clip once: find the part, follow the skin, take out what moves as a whole."""
    declared = declared or probe(path, settings.video)
    slowdown = slowdown_factor(declared, request.capture_rate_hz, settings.video)
    require_long_enough(path, declared, slowdown, settings.video)
    preview = sample_frames(path, settings.video, settings.locate.preview_frame_count)
    locator = choose_locator(
        preview, settings.locate, view=request.view, region_px=request.region_px, side=request.side,
        mirrored=request.mirrored,
    )  # fmt: skip
    try:
        info, problems, regions, tracks = _follow(path, locator, declared, slowdown, settings, on_progress)
    finally:
        locator.close()
    scale_px = regions.scale_px[tracks.reference_index]
    region_of_point = region_of_points(regions, tracks.reference_index, tracks.point_px)
    known_scale = float(scale_px) if np.isfinite(scale_px) else None
    order = settings.motion.smooth_order if regions.view != "eye" else settings.motion.smooth_order_eye
    return Measured(info, problems, regions, stabilise(tracks, region_of_point, known_scale, order, settings.motion))


def _follow(
    path: Path, locator: Locator, declared: ClipInfo, slowdown: float, settings: Settings, on_progress: Progress
) -> tuple[ClipInfo, tuple[str, ...], RegionTrack, PointTracks]:
    """Decode once; locator and tracker see each frame as it comes, side by side where neither waits for the other."""
    tracker = GridTracker(settings.motion)
    length_s = declared.duration_s or settings.video.longest_clip_s
    reader = open_clip(path, settings.video, rgb_rate_hz=settings.locate.landmark_rate_hz)
    with reader, ThreadPoolExecutor(1, "locator") as beside:
        for frame in reader:
            on_progress(min(1.0, frame.time_s / length_s))
            real = replace(frame, time_s=frame.time_s / slowdown)
            located = beside.submit(locator.observe, real)
            area, scale_px = None, None
            if tracker.wants_area:
                located.result()
                area, scale_px = locator.area(), locator.scale_px()
            tracker.observe(real, area, scale_px)
            located.result()
        return in_real_time(reader.info, slowdown), reader.problems, locator.finish(), tracker.finish()


def interpret(measured: Measured, settings: Settings, request: Request) -> AnalysisResult:
    """Say what the motion means: events, features, quality, pattern."""
    info, regions, signals = measured.info, measured.regions, measured.signals
    findings = find_twitches(signals, regions, settings, request.mm_per_px)
    events = findings.events
    seed = int(info.sha256[:8], 16)
    features = describe(events, signals, regions, settings, seed, request.mm_per_px)
    quality = judge_quality(
        info, measured.problems, regions, signals, events, findings.limits_px, request.mm_per_px, settings.quality
    )
    pattern = call_pattern(events, features, quality, regions.view, settings.pattern)
    document = _document(info, regions.view, request, settings, events, features, quality, pattern)
    return AnalysisResult(document, signals, regions)


def describe(
    events: EventSet, signals: MotionSignals, regions: RegionTrack, settings: Settings, seed: int,
    mm_per_px: float | None = None,
) -> Features:  # fmt: skip
    """Frequency, rhythm, spread and eye closure. The seed comes from the clip: same file, same answer."""
    seen = np.isfinite(regions.eye_aperture).any(axis=1)
    seen_s = float(seen.mean() * np.ptp(signals.time_s)) if len(seen) else 0.0
    spectra = site_spectra(events, signals)
    return Features(
        frequency=measure_frequency(events, settings.features, seed, spectra=spectra),
        rhythmicity=measure_rhythm(
            events, settings.features, seed, spectral_peak_hz=busiest_peak_hz(events, spectra)
        ),
        spread=measure_spread(
            events, settings.features, seed, scale_px=signals.scale_px, view=regions.view,
            observed_area_px2=len(signals.point_px) * signals.spacing_px**2, mm_per_px=mm_per_px,
        ),
        eye_closure=measure_eye_closure(
            events.closures, seen_s, settings.features, eye_seen=bool(seen.any())
        ),
    )  # fmt: skip


def _document(
    info: ClipInfo, view: View, request: Request, settings: Settings, events: EventSet, features: Features,
    quality: Quality, pattern: PatternCall,
) -> ResultDocument:  # fmt: skip
    return ResultDocument(
        software=Software("twitchscope", version("twitchscope"), settings_sha256(settings)),
        clip=clip_record(info),
        view=view,
        recording=Recording(request.body_part, request.side, request.filmed_on, request.mirrored),
        quality=quality,
        regions=_region_records(events),
        sites=events.sites,
        events=events.events,
        rejected=events.rejected,
        features=features,
        pattern=pattern,
        context=request.context,
        clock=Clock(
            events.observed_intervals_s, events.frame_interval_s, events.dead_time_s, events.closures,
            request.mm_per_px,
        ),
        settings=settings.model_dump(mode="json"),
    )  # fmt: skip


def clip_record(info: ClipInfo) -> ClipRecord:
    """Keep what a result says of its clip; the clip has been decoded."""
    assert info.frame_count is not None
    assert info.duration_s is not None
    assert info.mean_rate_hz is not None
    return ClipRecord(
        info.sha256, info.codec, info.width_px, info.height_px, info.frame_count, info.duration_s,
        info.mean_rate_hz, bool(info.is_variable_rate), info.rotation_deg, info.is_simulated,
    )  # fmt: skip


def _region_records(events: EventSet) -> tuple[RegionRecord, ...]:
    records = []
    for row in events.observed:
        count = sum(event.region == row.name and event.side == row.side for event in events.events)
        rate = 60 * count / row.observed_s if row.observed_s > 0 else None
        records.append(RegionRecord(row.name, row.side, row.observed_s, count, rate))
    return tuple(records)


def in_real_time(info: ClipInfo, slowdown: float) -> ClipInfo:
    """Give a slow-motion clip the length and the rate that life had."""
    if slowdown == 1.0 or info.duration_s is None or info.mean_rate_hz is None:
        return info
    keyframe_s = tuple(time_s / slowdown for time_s in info.keyframe_s)
    bit_rate_bps = None if info.bit_rate_bps is None else round(info.bit_rate_bps * slowdown)
    return replace(
        info, duration_s=info.duration_s / slowdown, mean_rate_hz=info.mean_rate_hz * slowdown, keyframe_s=keyframe_s,
        bit_rate_bps=bit_rate_bps,
    )  # fmt: skip
