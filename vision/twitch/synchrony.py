"""Do several places move at once, more so than chance would have it, and which of them move for themselves?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import bdtrc

from vision.model.arrays import FloatArray, IntArray
from vision.model.events import EventSet
from vision.settings import FeatureSettings
from vision.twitch.trains import ROUNDING_S, is_on_clock, site_counts, site_trains

FOLLOWING_SHARE = 0.5  # of a site's events that peak with another's, from which on it may follow; our choice
FOLLOWING_P = 0.01  # that chance would join so many; our choice: one of a hundred pairs that know nothing of each other


def coincidence_lag_s(events: EventSet, settings: FeatureSettings) -> float:
    """Time within which peaks are one movement: the frames forbid a finer one."""
    return settings.coincidence_frames * events.frame_interval_s


def leading_sites(events: EventSet, lag_s: float) -> frozenset[int]:
    """Name the sites that move for themselves: of sites that peak together the one with most events.

    A site follows where at least `FOLLOWING_SHARE` of its events peak within `lag_s` of a leader's, and chance (events
    strewn over the observed time) would join so many with a probability of at most `FOLLOWING_P`. Sites that only have
    their bursts in common may be taken for followers, too, which counts too little and not too much.
    """
    counts = site_counts(events.events)
    led: list[float] = []
    leaders = []
    for site in sorted(counts, key=lambda site: (-counts[site], site)):
        own = [event.peak_s for event in events.events if event.site == site]
        joined = _near_count(np.array(own), np.sort(led), lag_s)
        chance = -np.expm1(-2 * lag_s * len(led) / events.observed_s) if events.observed_s > 0 else 1.0
        if joined < FOLLOWING_SHARE * len(own) or bdtrc(joined - 1, len(own), chance) > FOLLOWING_P:
            leaders.append(site)
            led += own
    return frozenset(leaders)


def of_leading_sites(events: EventSet, settings: FeatureSettings) -> EventSet:
    """Leave out the events of sites that follow: what counts on independent movements must count each once."""
    leaders = leading_sites(events, coincidence_lag_s(events, settings))
    return replace(events, events=tuple(event for event in events.events if event.site in leaders))


def _near_count(times_s: FloatArray, sorted_s: FloatArray, lag_s: float) -> int:
    """Count the times that have one of the others within the lag."""
    return int(np.sum(_count_within(times_s, sorted_s, lag_s) > 0))


def _count_within(times_s: FloatArray, sorted_s: FloatArray, lag_s: float) -> IntArray:
    """Count, for each time, those of a sorted course that lie within the lag of it."""
    reach = lag_s + ROUNDING_S
    return np.searchsorted(sorted_s, times_s + reach, "right") - np.searchsorted(sorted_s, times_s - reach, "left")


def coincident_share(groups: Sequence[object], peak_s: Sequence[float], lag_s: float) -> float | None:
    """Share of events that peak within `lag_s` of an event of another group; None with one group or none."""
    if len(set(groups)) < 2:
        return None
    own = _by_group(groups, peak_s)
    return _joined_count(own, lag_s) / len(peak_s)


def shifted_share(
    groups: Sequence[object], peak_s: Sequence[float], events: EventSet, lag_s: float, count: int,
    generator: np.random.Generator,
) -> FloatArray:  # fmt: skip
    """Draw the coincident share by chance: (count,) shares where each group is shifted on its own.

    Notes
    -----
    Times are put end to end over the observed intervals and each group is turned round that circle by a random time,
    which keeps its rate, its bursts and its own rhythm (circular shifts; Harrison & Geman 2009,
    doi:10.1162/neco.2008.03-08-730, for why the trains themselves must be kept).
    """
    own = [_observed_clock_s(times, events) for times in _by_group(groups, peak_s)]
    around_s = max(events.observed_s, lag_s)
    shifts_s = generator.uniform(0, around_s, (count, len(own)))
    if is_on_clock(site_trains(events), events.frame_interval_s):
        shifts_s = np.floor(shifts_s / events.frame_interval_s) * events.frame_interval_s
    turned = [[_turned(t, s, around_s) for t, s in zip(own, row, strict=True)] for row in shifts_s]
    return np.array([_joined_count(groups_s, lag_s) for groups_s in turned]) / len(peak_s)


def expected_share(groups: Sequence[object], observed_s: float, lag_s: float) -> float:
    """Coincident share of groups that fire by chance at their own steady rates, without drawing."""
    counts: dict[object, int] = {}
    for group in groups:
        counts[group] = counts.get(group, 0) + 1
    if observed_s <= 0 or len(counts) < 2:
        return 0.0
    others = {group: len(groups) - own for group, own in counts.items()}
    joined = [own * -np.expm1(-2 * lag_s * others[group] / observed_s) for group, own in counts.items()]
    return float(sum(joined)) / len(groups)


def excess_share(share: float, chance: float) -> float:
    """Correct a share for chance: 0 at chance or below, 1 where all coincide (as Cohen's kappa does)."""
    return max(0.0, (share - chance) / (1.0 - chance)) if chance < 1.0 else 0.0


def _turned(times_s: FloatArray, shift_s: float, around_s: float) -> FloatArray:
    """Turn times round a circle; rounded, so that a time on the seam does not fall to either side of it by chance."""
    return np.sort(np.round(times_s + shift_s, 9) % around_s)


def _by_group(groups: Sequence[object], peak_s: Sequence[float]) -> list[FloatArray]:
    """Sorted times of each group, in an order that depends neither on that of the events nor on the groups' names."""
    times: dict[str, list[float]] = {}
    for group, t in zip(groups, peak_s, strict=True):
        times.setdefault(str(group), []).append(t)
    return [np.array(own) for own in sorted(sorted(values) for values in times.values())]


def _joined_count(own_s: Sequence[FloatArray], lag_s: float) -> int:
    """Count events with one of another group within the lag."""
    everyone = np.sort(np.concatenate(list(own_s)))
    return sum(
        int(np.sum(_count_within(times, everyone, lag_s) > _count_within(times, times, lag_s))) for times in own_s
    )


def _observed_clock_s(times_s: FloatArray, events: EventSet) -> FloatArray:
    """Times on a clock that runs only while something is observed."""
    spans = np.array(sorted(events.observed_intervals_s)).reshape(-1, 2)
    if not len(spans):
        return times_s
    before = np.concatenate([[0.0], np.cumsum(spans[:, 1] - spans[:, 0])])
    span = np.clip(np.searchsorted(spans[:, 0], times_s, "right") - 1, 0, len(spans) - 1)
    return np.asarray(before[span] + np.clip(times_s - spans[span, 0], 0.0, spans[span, 1] - spans[span, 0]))
