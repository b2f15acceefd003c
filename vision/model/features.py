"""Frequency, rhythmicity, spread, eye closure, and the pattern they add up to. None means "not measured"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Pattern = Literal["intermittent-focal", "migrating", "sustained-facial", "no-twitch"]
PatternLabel = Literal["intermittent-focal", "migrating", "sustained-facial", "no-twitch", "indeterminate"]
RhythmVerdict = Literal["irregular", "semi-rhythmic", "rhythmic", "too-few-events"]
Laterality = Literal["left", "right", "midline", "both"]
RateInterval = Literal["exact-poisson", "over-bursts", "too-few-bursts"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
PATTERN_LABELS: tuple[PatternLabel, ...] = get_args(PatternLabel)


@dataclass(frozen=True)
class SiteSpectrum:
    """The rhythm of one site's motion, apart from any event.

    peak_hz : its strongest rhythm, the lowest of its harmonics; None where nothing stands out of the noise.
    false_alarm_p : probability that noise alone shows such a peak, over all frequencies searched.
    searched_hz : from the lowest to the highest frequency searched.
    resolution_hz : one over the time watched: rhythms closer together are one peak.
    marks : what else moves at that frequency, e.g. "alias of 100 Hz light", "keyframes, harmonic 2".
    """

    site: int
    peak_hz: float | None
    false_alarm_p: float | None
    searched_hz: tuple[float, float]
    resolution_hz: float
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trend:
    """Change over the clip: rate at its end ÷ rate at its beginning, as a steady exponential course.

    unit : what was counted, single events or whole bursts.
    """

    ratio: float
    ratio_ci95: tuple[float, float]
    p: float
    unit: Literal["event", "burst"]


@dataclass(frozen=True)
class Frequency:
    """How often. `rate_per_min` counts events over `observed_s`; `duty_cycle` is the share of it that was active.

    rate_interval : how `rate_per_min_ci95` was made, or why it is None.
    rate_per_min_mid_p95 : the mid-P interval, whose mean coverage is 95 %; None where events clump.
    nyquist_hz, resolution_hz : fastest rhythm that the frames can carry, and finest difference of two rhythms.
    """

    event_count: int
    observed_s: float
    rate_per_min: float | None
    rate_per_min_ci95: tuple[float, float] | None
    burst_count: int | None
    burst_rate_per_min: float | None
    within_burst_hz: float | None
    dominant_hz: float | None
    duty_cycle: float | None
    longest_quiet_s: float | None
    longest_run_s: float | None
    rate_interval: RateInterval | None = None
    rate_per_min_mid_p95: tuple[float, float] | None = None
    burst_rate_per_min_ci95: tuple[float, float] | None = None
    events_per_burst: float | None = None
    trend: Trend | None = None
    nyquist_hz: float | None = None
    resolution_hz: float | None = None
    spectra: tuple[SiteSpectrum, ...] = ()


@dataclass(frozen=True)
class IntervalRhythm:
    """Regularity of one kind of interval: within bursts, or from burst to burst."""

    interval_count: int
    cv: float | None
    cv2: float | None
    lv: float | None
    lvr: float | None
    surrogate_p: float | None
    verdict: RhythmVerdict


@dataclass(frozen=True)
class Periodicity:
    """Does one beat run through the train of the busiest site? Both searches count every frequency and lag tried.

    autocorrelation : how many times more often than by chance events follow each other at `lag_s`.
    z2 : largest Z² with two harmonics over the frequencies searched, at `z2_hz`.
    The p are against the same surrogates as the verdict's.
    """

    event_count: int
    autocorrelation: float
    lag_s: float
    autocorrelation_p: float
    z2: float
    z2_hz: float
    z2_p: float


@dataclass(frozen=True)
class Rhythmicity:
    """How regular. `cv`, `cv2`, `lv` of the intervals between onsets; LV is 0 for a clock and 1 for chance.

    lvr : LV freed of the detector's dead time. pair_count : neighbouring intervals behind `cv2`, `lv`, `lvr`.
    frame_floor_cv, frame_floor_lv : what a perfect clock would show at this rate from the frames' own clock alone;
        None where onsets lie between frames. The verdict subtracts it.
    """

    interval_count: int
    cv: float | None
    cv2: float | None
    lv: float | None
    within_burst_lv: float | None
    between_burst_lv: float | None
    spectral_peak_hz: float | None
    surrogate_p: float | None
    verdict: RhythmVerdict
    pair_count: int = 0
    lvr: float | None = None
    frame_floor_cv: float | None = None
    frame_floor_lv: float | None = None
    within_bursts: IntervalRhythm | None = None
    between_bursts: IntervalRhythm | None = None
    periodicity: Periodicity | None = None


@dataclass(frozen=True)
class Spread:
    """How far spread. Shares and entropy over sites; `migration_*` test the order, `dispersion_p` the places.

    synchrony : zero-lag share, of events that peak together with one of another region, as far as frames can tell.
    synchrony_chance, synchrony_p : that share where the regions are shifted against each other, and how often it is
        as high then. switch_share, switch_share_chance : movements followed by one at another site, and by chance.
    continuous_site_count : sites whose movement lasts rather than comes and goes.
    recruitment, recruitment_steps : regions in the order of their first onset; those that the frames cannot tell apart
        in time share a step.
    """

    region_count: int
    site_count: int
    effective_site_count: float | None
    busiest_site_share: float | None
    dispersion_p: float | None
    laterality: Laterality | None
    area_fraction: float | None
    entropy: float | None
    migration_index: float | None
    migration_p: float | None
    path_px: float | None
    path_iod: float | None
    synchrony: float | None
    recruitment: tuple[str, ...]
    synchrony_chance: float | None = None
    synchrony_p: float | None = None
    switch_share: float | None = None
    switch_share_chance: float | None = None
    path_mm: float | None = None
    continuous_site_count: int = 0
    recruitment_steps: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class EyeClosure:
    """Closures of the eyes, blinks included. None where no eye was seen."""

    count: int | None
    per_min: float | None
    complete_count: int | None
    one_sided_count: int | None
    longest_s: float | None
    is_finding: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class Features:
    """The three things asked for, and the eyes."""

    frequency: Frequency
    rhythmicity: Rhythmicity
    spread: Spread
    eye_closure: EyeClosure


@dataclass(frozen=True)
class PatternCall:
    """The pattern, the probability of each of the four, and the reasons, each a sentence with its number."""

    label: PatternLabel
    probability: dict[Pattern, float]
    reasons: tuple[str, ...]
