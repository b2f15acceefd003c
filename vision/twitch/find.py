"""From motion signals to the set of events: the order of detection, read aloud."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vision.errors import ClipError, ClipTooShortError, NothingToMeasureError
from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import EventSet, RejectedMovement
from vision.model.regions import RegionTrack
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings, Settings
from vision.twitch.aim import events_of_sites
from vision.twitch.artefacts import Cover, movement_frames, rejected_wide, whole_movements
from vision.twitch.background import background
from vision.twitch.cleaning import Cleaned, clean, without_lost_points
from vision.twitch.continuous import continuous_events, without_shadows
from vision.twitch.detect import Candidate, credible, detect_at_seed, large_enough, without_repeats
from vision.twitch.explained import TALK, is_part, without_crossings, without_mimic
from vision.twitch.gather import gather
from vision.twitch.limit import limit_of_detection_px
from vision.twitch.localise import localised
from vision.twitch.moved_along import without_blink_sites, without_parts
from vision.twitch.picture import crossing, picture_changes
from vision.twitch.rhythms import rhythms
from vision.twitch.set_apart import (
    Known,
    besides,
    known_movements,
    lifted_by_swallowing,
    slow_movements,
    with_movements,
    with_steps,
    without_shading,
)
from vision.twitch.sites import find_seeds, find_singles
from vision.twitch.survey import Survey, survey

FEWEST_FRAMES = 30  # a second at 30 frames/s; the noise model has no less to learn from
NEAR_CONTINUOUS_SIGMA = 3.0  # around lasting activity, where single events are the same activity seen again


@dataclass(frozen=True, eq=False)
class Findings:
    """Events, and the smallest twitch that each region would have shown (px, by region index)."""

    events: EventSet
    limits_px: dict[int, float]


def find_twitches(
    signals: MotionSignals, regions: RegionTrack, settings: Settings, mm_per_px: float | None = None
) -> Findings:
    """Find the twitches of a clip.

    Parameters
    ----------
    mm_per_px : the picture's scale where it is known; amplitudes in millimetres are None without it.

    Raises
    ------
    ClipTooShortError
        There are fewer than FEWEST_FRAMES frames.
    NothingToMeasureError
        There are more, but fewer of them show what is to be watched.
    """
    known = known_movements(signals, regions, settings)
    signals = without_lost_points(signals)
    cleaned = clean(signals)
    # What has gaps is let go here; from now on only the bridged motion is asked for.
    signals = replace(signals, structure=cleaned.information, displacement_px=cleaned.displacement_px)
    detection = with_evidence_for(cleaned.starvation, settings.detection)
    if cleaned.usable.sum() < FEWEST_FRAMES:
        raise _too_little_followed(int(cleaned.usable.sum()), len(signals.time_s))
    watchable = cleaned.in_view & regions.seen.any(1)
    signals = replace(signals, covered=crossing(signals, regions, known.cover.lids))
    cover, rejected = _set_apart(known, signals, cleaned, regions)
    if (cleaned.usable & ~cover.frames).sum() < FEWEST_FRAMES:  # closures and speech are all; they may be findings
        free = watchable & ~cover.frames
        return Findings(gather([], rejected, known.closures, free, signals, regions, detection, mm_per_px), {})
    looked = survey(signals, cleaned, cover, lifted_by_swallowing(signals, regions), detection)
    candidates, slow = _candidates(signals, looked, cleaned, cleaned.usable & ~cover.frames, detection)
    candidates, rejected = without_mimic(candidates, rejected, signals, regions)
    talk = movement_frames([one for one in rejected if one.kind in TALK], signals.time_s)
    candidates = large_enough(candidates, limit_of_detection_px(looked, signals, detection), detection)
    limits_px = limit_of_detection_px(looked, signals, detection, candidates)
    wide = rejected_wide(looked.wide & ~cover.mouth, signals, regions)
    rejected = with_movements(rejected, wide, slow_movements(slow, signals, regions))
    watched = watchable & ~_lost(candidates, looked, talk, signals.time_s)
    events = gather(candidates, rejected, known.closures, watched, signals, regions, detection, mm_per_px)
    return Findings(events, limits_px)


def _set_apart(
    known: Known, signals: MotionSignals, cleaned: Cleaned, regions: RegionTrack
) -> tuple[Cover, list[RejectedMovement]]:
    """Add to what landmarks tell what the picture does, what moves as a whole, and what goes on throughout."""
    changes = without_shading(picture_changes(signals, regions, cleaned.light, known.cover.lids), known.rejected)
    whole = besides(whole_movements(signals, regions), changes)
    throughout = rhythms(signals, cleaned.displacement_px, regions, cleaned.light)
    return with_steps(known.cover, changes, signals.time_s), [*known.rejected, *changes, *whole, *throughout]


def with_evidence_for(starvation: float, settings: DetectionSettings) -> DetectionSettings:
    """Ask for more evidence where an encoder moves blocks; the limit of detection rises with it.

    What it does to a block it does again: by as much as the film's unevenness is its own, a movement that repeats at
    one place counts for no more than one that comes alone.
    """
    lone, own_share = settings.lone_evidence * starvation, 1 - 1 / starvation
    repeated = settings.repeated_evidence + own_share * max(0.0, lone - settings.repeated_evidence)
    return settings.model_copy(update={"lone_evidence": lone, "repeated_evidence": repeated})


def _too_little_followed(followed: int, count: int) -> ClipError:
    """Say whether the film is short or shows something else."""
    if count < FEWEST_FRAMES:
        return ClipTooShortError(f"the film has {count} frames", f"at least {FEWEST_FRAMES}", "film longer")
    return NothingToMeasureError(
        f"only {followed} of {count} frames could be followed",
        f"at least {FEWEST_FRAMES}",
        "hold the phone still, in focus and in light, on one place",
    )


def _lost(candidates: list[Candidate], looked: Survey, talk: BoolArray, time_s: FloatArray) -> BoolArray:
    """(T,) frames in which what was found could not be seen: blinks and wide movement, unless a known place was."""
    lost = np.zeros(len(looked.wide), bool)
    if not any(event.is_seen_in_blinks for event in candidates):
        lost |= looked.cover.lids
    if not any(event.is_seen_in_speech for event in candidates):
        lost |= looked.cover.mouth | talk
    if all(event.is_single for event in candidates):
        lost |= (looked.wide | (looked.cover.glances & ~looked.usable)) & ~_during(candidates, time_s)
    return lost


def _during(candidates: list[Candidate], time_s: FloatArray) -> BoolArray:
    """(T,) frames of the events themselves."""
    during = np.zeros(len(time_s), bool)
    for event in candidates:
        during |= (time_s >= event.onset_s) & (time_s <= event.offset_s)
    return during


def _candidates(
    signals: MotionSignals, looked: Survey, cleaned: Cleaned, usable: BoolArray, settings: DetectionSettings
) -> tuple[list[Candidate], list[Candidate]]:
    """Twitches, and the parts of movements that are slower."""
    seeds = find_seeds(looked, signals.time_s, settings)
    found, slow = events_of_sites(seeds, looked, signals, cleaned, settings)
    found = [event for event in found if not is_part(event, slow)]
    for index, seed in enumerate(find_singles(looked, signals.time_s, settings), len(seeds)):
        alone = detect_at_seed(seed, index, looked, signals.time_s, signals.is_keyframe, settings)
        found += [event for event in alone if not is_part(event, slow)]
    middle = looked.motions[len(looked.motions) // 2]
    sigmas_px = [motion.sigma_px for motion in looked.motions]
    resting = background(signals, cleaned, looked.usable)
    brief = without_repeats(localised(found, signals, cleaned, resting, sigmas_px, settings), settings)
    lasting = continuous_events(
        middle, usable, signals.time_s, 1 + max((event.seed for event in found), default=-1), settings,
        [event for event in brief if not event.is_single],
    )  # fmt: skip
    lasting = without_shadows(localised(lasting, signals, cleaned, resting, sigmas_px, settings), lasting, settings)
    brief = without_crossings([event for event in brief if not _is_covered(event, lasting)], signals)
    largest_px = np.hypot(*np.moveaxis(looked.motions[0].displacement_px, 2, 0)).max(1)
    brief = without_parts(brief, looked.wide & ~looked.cover.mouth, largest_px, looked.in_view, signals.time_s)
    brief = without_blink_sites(brief, looked.cover.lids, looked.in_view)
    brief = credible(brief, float(cleaned.in_view.sum() * np.median(np.diff(signals.time_s))), settings)
    return sorted([*brief, *lasting], key=lambda event: event.onset_s), slow


def _is_covered(event: Candidate, lasting: list[Candidate]) -> bool:
    """Say whether lasting activity elsewhere explains a single event: near it, or the clip is full of it."""
    return any(
        (abs(event.peak_s - other.peak_s) < 1.0 and event.amplitude_px < other.amplitude_px)
        or np.hypot(event.x_px - other.x_px, event.y_px - other.y_px) < NEAR_CONTINUOUS_SIGMA * other.sigma_px
        for other in lasting
    )
