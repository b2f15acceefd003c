"""One seed for each site: of the places that see the same twitching, the one that sees it best.

A footprint is seen at several places and widths at once. The mean movement of a seed's twitches says where their
footprint lies; seeds with one centre are one site.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vision.blocks import each_apart
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.cleaning import Cleaned
from vision.twitch.detect import Candidate, detect_at_seed
from vision.twitch.footprint import Footprint, fit_footprint, neighbourhood
from vision.twitch.localise import mean_field
from vision.twitch.moved_along import share_of_blinks, without_blinks
from vision.twitch.posture import held_px
from vision.twitch.sites import Seed, moments
from vision.twitch.survey import Survey
from vision.twitch.watching import seen_frames

SAME_SITE_SIGMA = 1.5  # footprints within which two centres are one site
# And within which skin is pulled along: a footprint is no perfect Gaussian, and in a close-up of skin it may be twice
# as wide as any that is looked for. Our choice
SHADOW_SIGMA, SHADOW_SIGMA_SKIN = 4.0, 8.0
SHADOW_SHARE = 0.7  # of its events that a pulled place has in common with the site
MOST_BY_CHANCE = 0.9  # of its events that go with a busy site's; beyond it nothing could be told. Our choice
TOGETHER_S = 0.05  # peaks so close are one moment: a frame and a half at 30 a second


@dataclass(frozen=True, eq=False)
class _Sight:
    """What one seed sees: its events, where their footprint lies, the evidence in all.

    slow : what it would have seen as twitches, had it not been a slower movement. watched : (T,) frames it can be seen.
    """

    events: list[Candidate]
    footprint: Footprint | None
    evidence: float
    slow: list[Candidate]
    watched: BoolArray


def events_of_sites(
    seeds: Sequence[Seed], survey: Survey, signals: MotionSignals, cleaned: Cleaned, settings: DetectionSettings
) -> tuple[list[Candidate], list[Candidate]]:
    """Events of repeated seeds, of each site those that its best seed sees, numbered by site from 0 on; and the parts
    of slower movements that any seed sees.
    """

    def sight_of(number: int) -> _Sight:
        return _sight(_released(seeds[number], survey, signals.time_s), survey, signals, cleaned, settings)

    seen = each_apart(sight_of, len(seeds))
    shadow_sigma = SHADOW_SIGMA if signals.scale_px is not None else SHADOW_SIGMA_SKIN
    kept: list[_Sight] = []
    for sight in sorted((sight for sight in seen if sight.events), key=lambda sight: -sight.evidence):
        same = [number for number, other in enumerate(kept) if _is_same(sight, other, shadow_sigma)]
        if not same:
            kept.append(sight)
        elif _apart_sigma(sight, kept[same[0]]) < SAME_SITE_SIGMA:
            kept[same[0]] = _joined(kept[same[0]], sight, survey.cover.mouth, settings.dead_time_s)
    events = [replace(event, seed=number) for number, sight in enumerate(kept) for event in sight.events]
    return events, [event for sight in seen for event in sight.slow]


def _released(seed: Seed, survey: Survey, time_s: FloatArray) -> Seed:
    """Tell a seed at which level expressions hold it."""
    return replace(seed, held_px=held_px(seed.displacement_px(), survey.cover.mouth, time_s))


def _joined(best: _Sight, other: _Sight, mouth: BoolArray, dead_time_s: float) -> _Sight:
    """Add what another seed of a site sees during expressions that spoil the view of the best one.

    Heights are brought to those of the best, by what both see.
    """
    fresh = mouth & other.watched & ~best.watched
    known_s, peaks_s = (np.array([event.peak_s for event in sight.events]) for sight in (best, other))
    apart_s = np.abs(peaks_s[:, None] - known_s[None])
    both = [
        (event, best.events[apart.argmin()])
        for event, apart in zip(other.events, apart_s, strict=True)
        if apart.min() < TOGETHER_S
    ]
    if not both or not fresh.any():
        return best
    gain = float(np.median([known.amplitude_px / event.amplitude_px for event, known in both]))
    added = [
        replace(event, amplitude_px=gain * event.amplitude_px)
        for event, apart in zip(other.events, apart_s, strict=True)
        if fresh[event.frame] and apart.min() >= dead_time_s
    ]
    events = sorted([*best.events, *added], key=lambda event: event.peak_s)
    return replace(best, events=events, watched=best.watched | fresh)


def _sight(seed: Seed, survey: Survey, signals: MotionSignals, cleaned: Cleaned, settings: DetectionSettings) -> _Sight:
    found = detect_at_seed(seed, 0, survey, signals.time_s, signals.is_keyframe, settings)
    # Off the face no slower movement has a name; it is not taken away without a word.
    slow = [event for event in found if event.is_slow and signals.scale_px is not None]
    watched = seen_frames(seed, survey)
    events = without_blinks([event for event in found if event not in slow], survey.cover.lids)
    if not events:
        return _Sight([], None, 0.0, slow, watched)
    sigmas_px = [motion.sigma_px for motion in survey.motions]
    near = neighbourhood(signals.point_px, seed.centre_px, sigmas_px)
    field = mean_field(events, signals, cleaned, near)
    shown = fit_footprint(signals.point_px[near], signals.structure[near], field, seed.centre_px, sigmas_px)
    strength = seed.along() * survey.usable
    height = moments(strength, signals.time_s, settings, seed.displacement_px())[settings.repeat_count - 1]
    in_time = float(np.median([event.in_time for event in events]))
    in_space = height * shown.explained
    bar = _bar(events, watched, survey, signals.time_s, settings)
    if in_space < settings.repeated_footprint or in_space * in_time < bar:
        return _Sight([], None, 0.0, slow, watched)
    return _Sight(events, shown, sum(event.strength for event in events), slow, watched)


def _bar(
    events: Sequence[Candidate], watched: BoolArray, survey: Survey, time_s: FloatArray, settings: DetectionSettings
) -> float:
    """Evidence that a site needs: what comes with blinks comes as often as they do, and proves no more by repeating."""
    of_blinks = share_of_blinks(events, survey.cover.lids, watched, time_s)
    return settings.repeated_evidence + of_blinks * max(0.0, settings.lone_evidence - settings.repeated_evidence)


def _is_same(one: _Sight, other: _Sight, shadow_sigma: float) -> bool:
    """Say whether two seeds see one site: one centre, or near it and, nearly always, at the same moments."""
    apart = _apart_sigma(one, other)
    return bool(apart < SAME_SITE_SIGMA or (apart < shadow_sigma and _shared(one, other) > SHADOW_SHARE))


def _apart_sigma(one: _Sight, other: _Sight) -> float:
    """Distance of two footprints, in widths of the larger."""
    near, far = one.footprint, other.footprint
    assert near is not None
    assert far is not None
    return float(np.hypot(near.x_px - far.x_px, near.y_px - far.y_px) / max(near.sigma_px, far.sigma_px))


def _shared(one: _Sight, other: _Sight) -> float:
    """Share of one seed's events that go with one of the other's, beyond chance: beside a busy site most do anyway."""
    own_s, peaks_s = (np.array([event.peak_s for event in sight.events]) for sight in (one, other))
    found = float(np.mean(np.abs(peaks_s[None] - own_s[:, None]).min(1) < TOGETHER_S))
    span_s = max(float(np.ptp(np.r_[own_s, peaks_s])), TOGETHER_S)
    by_chance = min(2 * TOGETHER_S * len(peaks_s) / span_s, MOST_BY_CHANCE)
    return (found - by_chance) / (1 - by_chance)
