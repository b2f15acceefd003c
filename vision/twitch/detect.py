"""Events: when the twitches of each site happen, and what each looks like."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vision.dsp import robust_sd, twitch_waveform
from vision.model.arrays import BoolArray, FloatArray
from vision.settings import DetectionSettings
from vision.twitch.course import drops, extent_s, peak_height, peak_time_s, rebased, returns, snaps
from vision.twitch.decode import decode, site_waveform
from vision.twitch.decoder import Decoder, Pulse, Waveform
from vision.twitch.shape import share_in_time
from vision.twitch.sites import Seed, peaks_of
from vision.twitch.slow import slow_peaks
from vision.twitch.strength import grow
from vision.twitch.survey import Survey
from vision.twitch.watching import seen_frames

PLACE_REACH_SIGMA = 2.0  # around a seed within which a single event may lie
PLAIN_STRENGTH = 2.0  # times what a single twitch needs: so strong a movement is no echo, our choice
EXTENT_RANGE = 1.5  # times by which one twitch may be quicker or slower than those of its site, our choice
# The strongest twitches of a site, and the film around each, that tell its waveform: of more it costs more than it
# tells. All but the slowest twitches are back to a tenth of their height within the margin. Our choice.
WAVEFORM_PEAKS, WAVEFORM_MARGIN_S = 24, 0.6
SAME_SIGMA = 3.0  # two seeds nearer than this may see one twitch


@dataclass(frozen=True)
class Candidate:
    """One twitch as detected, before sites are named."""

    frame: int
    onset_s: float
    peak_s: float
    offset_s: float
    x_px: float
    y_px: float
    amplitude_px: float
    direction_rad: float
    sigma_px: float
    strength: float
    margin_sd: float
    seed: int
    is_continuous: bool = False
    is_single: bool = False
    is_seen_in_blinks: bool = False
    is_seen_in_speech: bool = False
    caught: float = 1.0  # share of the peak that the frame shows, tails of the neighbours included
    is_slow: bool = False  # one movement out and back explains it, and others beside it, better than twitches do
    in_time: float = 1.0  # share of its own course that a twitch explains beyond a step
    evidence: float = np.inf  # of a single movement: strength times the share of the motion that one twitch explains


def detect_at_seed(
    seed: Seed, index: int, survey: Survey, time_s: FloatArray, is_keyframe: BoolArray, settings: DetectionSettings
) -> list[Candidate]:
    """Find the events of one seed along its own direction.

    The threshold fits the site: it is `event_strength`, but not less than `event_share` of the site's typical
    twitch, so that a strong site's echoes do not count.
    """
    if seed.frame is not None:
        course = rebased(seed.displacement_px(), [seed.frame], time_s)
        only = _measured(seed, index, seed.frame, course, seed.strength, settings.single_strength, time_s, is_keyframe)
        return [] if only is None or drops(only.onset_s, only.peak_s, only.offset_s) else [only]
    open_frames = seen_frames(seed, survey)
    pulses, waveform, threshold = _pulses(seed, survey, survey.tracked & open_frames, time_s, settings)
    courses_px, caught, slow = _apart(seed, pulses, waveform, open_frames, survey, time_s)
    in_blinks, in_speech = (bool((open_frames & part).any()) for part in (survey.cover.lids, survey.cover.mouth))
    events: list[Candidate] = []
    fitted_s: list[float] = []
    for number, pulse in enumerate(pulses):
        own_px = courses_px[:, number]
        event = _measured(seed, index, pulse.frame, own_px, pulse.strength, threshold, time_s, is_keyframe)
        if event is not None and _is_open(pulse, waveform, open_frames, time_s):
            onset_s, offset_s = _plausible_extent_s(event, waveform)
            size_px = pulse.height * seed.px_per_unit()
            in_time = share_in_time(own_px, open_frames, time_s, pulse.peak_s)
            events.append(
                replace(
                    event, onset_s=onset_s, offset_s=offset_s, amplitude_px=size_px, caught=float(caught[number]),
                    is_seen_in_blinks=in_blinks, is_seen_in_speech=in_speech, in_time=in_time,
                    is_slow=bool(slow[number]),
                )
            )  # fmt: skip
            fitted_s.append(pulse.peak_s)
    return _timed(events, fitted_s)


def _timed(events: list[Candidate], fitted_s: list[float]) -> list[Candidate]:
    """Time the peaks of one site by the fit of their whole courses, which noise moves less than the highest frame.

    No waveform is the muscle's own, so that the fit is early or late by as much every time: all are moved together, to
    lie about where the highest frames are.
    """
    if not events:
        return []
    late_s = float(np.median([event.peak_s - peak_s for event, peak_s in zip(events, fitted_s, strict=True)]))
    return [_moved(event, peak_s + late_s - event.peak_s) for event, peak_s in zip(events, fitted_s, strict=True)]


def _moved(event: Candidate, by_s: float) -> Candidate:
    return replace(event, onset_s=event.onset_s + by_s, peak_s=event.peak_s + by_s, offset_s=event.offset_s + by_s)


def _apart(
    seed: Seed, pulses: list[Pulse], waveform: Waveform, seen: BoolArray, survey: Survey, time_s: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Take twitches of one site apart.

    Returns
    -------
    (T, K) displacement of each without the others around it, (K,) share of its height that its own frame shows, (K,)
    whether it is no twitch but a part of a slower movement.
    """
    sizes_px = np.array([pulse.height * seed.px_per_unit() for pulse in pulses])
    peaks_s = np.array([pulse.peak_s for pulse in pulses])
    shapes = twitch_waveform(time_s[:, None], peaks_s - waveform.rise_s, waveform.rise_s, waveform.decay) * sizes_px
    level = rebased(seed.displacement_px(), [pulse.frame for pulse in pulses], time_s)
    together = shapes.sum(1)
    caught = together[[pulse.frame for pulse in pulses]] / sizes_px
    nearest = int(np.argmin(((survey.point_px - seed.centre_px) ** 2).sum(1)))
    slow = slow_peaks(peaks_s, level, together, seen, time_s, wide=survey.wide, swallows=bool(survey.swallows[nearest]))
    return (level - together)[:, None] + shapes, caught, slow


def _is_open(pulse: Pulse, waveform: Waveform, open_frames: BoolArray, time_s: FloatArray) -> bool:
    """Say whether the site was seen around the whole peak: no event spans a gap."""
    return bool(open_frames[np.abs(time_s - pulse.peak_s) <= waveform.rise_s].all())


def _plausible_extent_s(event: Candidate, waveform: Waveform) -> tuple[float, float]:
    """Onset and offset as measured, but near to what the site's twitches take: noise moves a crossing at a fifth."""
    rise_s, fall_s = waveform.extent_s()
    before_s = float(np.clip(event.peak_s - event.onset_s, rise_s / EXTENT_RANGE, EXTENT_RANGE * rise_s))
    after_s = float(np.clip(event.offset_s - event.peak_s, fall_s / EXTENT_RANGE, EXTENT_RANGE * fall_s))
    return event.peak_s - before_s, event.peak_s + after_s


def _pulses(
    seed: Seed, survey: Survey, seen: BoolArray, time_s: FloatArray, settings: DetectionSettings
) -> tuple[list[Pulse], Waveform, float]:
    """Twitches of a site, their waveform, and the strength that each needed in quiet moments."""
    strength = seed.along() * survey.usable
    peaks = peaks_of(strength, time_s, settings.event_strength, settings.dead_time_s)
    if not peaks:
        return [], Waveform(seed.response.sought.rise_s, settings.decay), settings.event_strength
    typical = float(np.median(strength[peaks[: max(1, len(peaks) // 2)]]))
    threshold = max(settings.event_strength, settings.event_share * typical)
    bar = threshold * survey.unrest
    coefficients = seed.response.sought.coefficients
    telling = seen if len(peaks) <= WAVEFORM_PEAKS else seen & _beside(peaks[:WAVEFORM_PEAKS], time_s)
    waveform = site_waveform(seed.course(), telling, time_s, coefficients, bar)
    decoder = Decoder(seed.course(), seen, time_s, coefficients, waveform)
    return decode(decoder, bar, settings.overlap_share, settings.dead_time_s), waveform, threshold


def _beside(frames: list[int], time_s: FloatArray) -> BoolArray:
    """(T,) frames around some."""
    flags = np.isin(np.arange(len(time_s)), frames)
    return grow(flags, time_s, WAVEFORM_MARGIN_S)


def _measured(
    seed: Seed, index: int, frame: int, course: FloatArray, strength: float, threshold: float,
    time_s: FloatArray, is_keyframe: BoolArray,
) -> Candidate | None:  # fmt: skip
    """Measure one event; None where the movement is a step, snaps back, or goes with a keyframe."""
    near = slice(max(0, frame - 1), frame + 2)
    peak = near.start + int(np.argmax(course[near]))
    height = float(course[peak])
    if height <= 0 or not returns(course, peak, time_s, is_keyframe):
        return None
    if snaps(course, peak, time_s, float(robust_sd(np.diff(course)))):
        return None
    onset_s, offset_s = extent_s(course, peak, time_s)
    peak_s = float(np.clip(peak_time_s(course, peak, time_s), onset_s, offset_s))
    place, direction = _place_and_direction(seed, frame)
    return Candidate(
        frame, onset_s, peak_s, offset_s, float(place[0]), float(place[1]),
        peak_height(course, peak), float(np.arctan2(direction[1], direction[0])), seed.response.motion.sigma_px,
        strength, strength - threshold, index, is_single=seed.frame is not None,
    )  # fmt: skip


def _place_and_direction(seed: Seed, frame: int) -> tuple[FloatArray, FloatArray]:
    """Centroid of the places around the seed that moved with it at that frame, and the way the skin went there."""
    response, motion = seed.response, seed.response.motion
    apart = np.hypot(*(motion.centre_px - seed.centre_px).T)
    near = apart < PLACE_REACH_SIGMA * motion.sigma_px
    along = np.einsum("pi,i->p", response.vector_at(frame, np.flatnonzero(near)), seed.direction)
    weight = np.maximum(along, 0.0) ** 4
    if weight.sum() <= 0:
        return seed.centre_px, seed.pixel_direction()
    return np.asarray(weight @ motion.centre_px[near] / weight.sum()), seed.pixel_direction()


def without_repeats(candidates: list[Candidate], settings: DetectionSettings) -> list[Candidate]:
    """Keep one event of each twitch: the strongest of neighbouring seeds, and no weaker echo elsewhere."""
    kept: list[Candidate] = []
    for event in sorted(candidates, key=lambda e: -e.strength):
        if not any(_is_same(event, other, settings) or _is_echo(event, other, settings) for other in kept):
            kept.append(event)
    return sorted(kept, key=lambda e: e.onset_s)


def _is_same(event: Candidate, other: Candidate, settings: DetectionSettings) -> bool:
    if event.seed == other.seed:
        return False  # taken apart before
    apart_px = float(np.hypot(event.x_px - other.x_px, event.y_px - other.y_px))
    reach_px = SAME_SIGMA * max(event.sigma_px, other.sigma_px)
    return apart_px < reach_px and abs(event.peak_s - other.peak_s) < settings.dead_time_s


def _is_echo(event: Candidate, other: Candidate, settings: DetectionSettings) -> bool:
    if event.seed == other.seed:
        return False
    near_s = abs(event.peak_s - other.peak_s) < settings.echo_s
    weak = event.strength < PLAIN_STRENGTH * settings.single_strength
    return near_s and weak and event.strength < settings.echo_share * other.strength


def credible(candidates: list[Candidate], watched_s: float, settings: DetectionSettings) -> list[Candidate]:
    """Leave out single movements that may well be false, among so many that are not.

    Notes
    -----
    At rest, false movements grow e times rarer with every `stray_fold` of evidence. A movement is kept where they come
    no more often than `stray_rate_per_min`, or where, of all that are at least as evident, they make up no more than
    `false_discovery_share` (Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57, 289): where many twitches are seen, a
    weaker one is believed too. Events of sites, which support each other, are kept.
    """
    alone = sorted((event.evidence for event in candidates if event.is_single), reverse=True)
    bar = settings.lone_evidence
    for count, evidence in enumerate(alone, 1):
        rate_per_min = settings.stray_rate_per_min * np.exp((settings.lone_evidence - evidence) / settings.stray_fold)
        if rate_per_min * watched_s / 60 <= settings.false_discovery_share * count:
            bar = min(bar, evidence)
    return [event for event in candidates if not event.is_single or event.evidence >= bar]


def large_enough(
    candidates: list[Candidate], limits_px: dict[int, float], settings: DetectionSettings
) -> list[Candidate]:
    """Leave out sites whose twitches are so far below the clip's limit that no repetition could show them."""
    smallest_px = settings.repeated_limit_share * max(limits_px.values(), default=0.0)
    sizes: dict[int, list[float]] = {}
    for event in candidates:
        sizes.setdefault(event.seed, []).append(event.amplitude_px)
    return [
        event
        for event in candidates
        if event.is_single or event.is_continuous or float(np.median(sizes[event.seed])) >= smallest_px
    ]
