"""Frequency, rhythmicity, spread, eye closure, and the pattern they add up to. None means "not measured"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Pattern = Literal["intermittent-focal", "migrating", "sustained-facial", "no-twitch"]
PatternLabel = Literal["intermittent-focal", "migrating", "sustained-facial", "no-twitch", "indeterminate"]
RhythmVerdict = Literal["irregular", "semi-rhythmic", "rhythmic", "too-few-events"]
Laterality = Literal["left", "right", "midline", "both"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
PATTERN_LABELS: tuple[PatternLabel, ...] = get_args(PatternLabel)


@dataclass(frozen=True)
class Frequency:
    """How often. `rate_per_min` counts events over `observed_s`; `duty_cycle` is the share of it that was active."""

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


@dataclass(frozen=True)
class Rhythmicity:
    """How regular. `cv`, `cv2`, `lv` of the intervals between onsets; LV is 0 for a clock and 1 for chance."""

    interval_count: int
    cv: float | None
    cv2: float | None
    lv: float | None
    within_burst_lv: float | None
    between_burst_lv: float | None
    spectral_peak_hz: float | None
    surrogate_p: float | None
    verdict: RhythmVerdict


@dataclass(frozen=True)
class Spread:
    """How far spread. Shares and entropy over sites; `migration_*` test the order, `dispersion_p` the places."""

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
