"""Do several places move at once, and more so than chance would have it?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.model.arrays import FloatArray
from vision.model.events import EventSet
from vision.twitch.trains import ROUNDING_S, is_on_clock, site_trains


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
    return np.array(
        [_joined_count([np.sort((t + s) % around_s) for t, s in zip(own, row, strict=True)], lag_s) for row in shifts_s]
    ) / len(peak_s)


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


def _by_group(groups: Sequence[object], peak_s: Sequence[float]) -> list[FloatArray]:
    """Sorted times of each group, in an order that depends neither on that of the events nor on the groups' names."""
    times: dict[str, list[float]] = {}
    for group, t in zip(groups, peak_s, strict=True):
        times.setdefault(str(group), []).append(t)
    return [np.array(own) for own in sorted(sorted(values) for values in times.values())]


def _joined_count(own_s: Sequence[FloatArray], lag_s: float) -> int:
    """Count events with one of another group within the lag."""
    everyone = np.sort(np.concatenate(list(own_s)))
    reach = lag_s + ROUNDING_S
    joined = 0
    for times in own_s:
        near_all = np.searchsorted(everyone, times + reach, "right") - np.searchsorted(everyone, times - reach, "left")
        near_own = np.searchsorted(times, times + reach, "right") - np.searchsorted(times, times - reach, "left")
        joined += int(np.sum(near_all > near_own))
    return joined


def _observed_clock_s(times_s: FloatArray, events: EventSet) -> FloatArray:
    """Times on a clock that runs only while something is observed."""
    spans = np.array(sorted(events.observed_intervals_s)).reshape(-1, 2)
    if not len(spans):
        return times_s
    before = np.concatenate([[0.0], np.cumsum(spans[:, 1] - spans[:, 0])])
    span = np.clip(np.searchsorted(spans[:, 0], times_s, "right") - 1, 0, len(spans) - 1)
    return np.asarray(before[span] + np.clip(times_s - spans[span, 0], 0.0, spans[span, 1] - spans[span, 0]))
