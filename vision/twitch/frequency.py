"""How often: rate with its interval, bursts, share of time active."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from vision.model.arrays import FloatArray, IntArray
from vision.model.events import EventSet
from vision.model.features import Frequency
from vision.settings import FeatureSettings
from vision.twitch.bursts import Bursts, find_bursts, split_train
from vision.twitch.trains import Span, busiest_site, clipped_spans, merged_spans, total_s

COVERAGE = 0.95  # of the interval, as the field's name says


def measure_frequency(events: EventSet, settings: FeatureSettings, seed: int) -> Frequency:
    """Describe how often twitches come.

    Returns
    -------
    Rates are over `observed_s` and None where nothing was observed. `rate_per_min_ci95` is the exact Poisson
    interval where events do not clump, a bootstrap over bursts where they do, and None there with fewer than
    ``smallest_bootstrap_burst_count`` bursts. A burst that several sites share counts once. `within_burst_hz` is one
    over the median interval within bursts; `dominant_hz` the same at the busiest site, where no bursts are over all
    its intervals. `longest_quiet_s` and `longest_run_s` look at all sites at once and never across an unobserved gap;
    a pause shorter than ``run_bridge_s`` does not end a run.

    Raises
    ------
    ShapeError
        Times are not finite, or the observed intervals do not add up to the observed time.
    """
    bursts = find_bursts(events, settings, seed)
    count, observed_s = len(events.events), events.observed_s
    active, per_min = _active_spans(events), 60.0 / observed_s if observed_s > 0 else None
    burst_count = _episode_count(bursts)
    return Frequency(
        event_count=count,
        observed_s=observed_s,
        rate_per_min=None if per_min is None else count * per_min,
        rate_per_min_ci95=_rate_interval(events, bursts, settings, seed),
        burst_count=burst_count if per_min is not None else None,
        burst_rate_per_min=None if per_min is None else burst_count * per_min,
        within_burst_hz=_median_hz([np.diff(burst.onset_s) for burst in bursts.bursts], settings),
        dominant_hz=_dominant_hz(events, bursts, settings),
        duty_cycle=None if per_min is None else min(1.0, total_s(active) / observed_s),
        longest_quiet_s=_longest_quiet_s(events, active),
        longest_run_s=_longest_run_s(events, active, settings),
    )


def poisson_interval(count: int, coverage: float = COVERAGE) -> tuple[float, float]:
    """Exact interval of a Poisson mean of which `count` was seen (Garwood 1936, doi:10.1093/biomet/28.3-4.437)."""
    tail = (1.0 - coverage) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2


def clumped_interval(sizes: IntArray, resamples: int, generator: np.random.Generator) -> tuple[float, float]:
    """Interval of a mean count whose events come in groups, by a bootstrap over the groups.

    Parameters
    ----------
    sizes : (B,) events of each group, single events as groups of one.

    Notes
    -----
    Each resample holds a Poisson number of groups with mean B, so that the number of bursts varies too, and the sizes
    are drawn from those seen: a compound Poisson process. Bursts that follow each other more evenly than by chance get
    an interval that is too wide rather than too narrow. Percentiles of the square root of the sum (which steadies its
    variance) are reflected about the measured one: the basic bootstrap of Davison & Hinkley 1997, chapter 5.
    """
    counts = generator.poisson(len(sizes), resamples)
    drawn = generator.choice(sizes, int(counts.sum()))
    ends = np.concatenate([[0], np.cumsum(counts)])
    running = np.concatenate([[0], np.cumsum(drawn)])
    roots = np.sqrt((running[ends[1:]] - running[ends[:-1]]).astype(float))
    own = float(np.sqrt(sizes.sum()))
    tail = 50.0 * (1.0 - COVERAGE)
    low, high = np.percentile(roots, [tail, 100.0 - tail])
    return max(0.0, 2 * own - float(high)) ** 2, (2 * own - float(low)) ** 2


def _rate_interval(
    events: EventSet, bursts: Bursts, settings: FeatureSettings, seed: int
) -> tuple[float, float] | None:
    if events.observed_s <= 0:
        return None
    if bursts.threshold_s is None:
        low, high = poisson_interval(len(events.events))
    elif _episode_count(bursts) < settings.smallest_bootstrap_burst_count:
        return None
    else:
        generator = np.random.default_rng([seed, 2])
        low, high = clumped_interval(_group_sizes(events, bursts), settings.bootstrap_count, generator)
    return low * 60.0 / events.observed_s, high * 60.0 / events.observed_s


def _group_sizes(events: EventSet, bursts: Bursts) -> IntArray:
    """Size of each group that moves together in time, whichever its sites: (B,) adding up to all events."""
    assert bursts.threshold_s is not None
    groups = [group for train in bursts.trains for group in split_train(train.onset_s, bursts.threshold_s)]
    spans = merged_spans([(float(group[0]), float(group[-1])) for group in groups])
    onset_s = np.array([event.onset_s for event in events.events])
    sizes = [int(np.sum((onset_s >= a) & (onset_s <= b))) for a, b in spans]
    outside = len(onset_s) - sum(sizes)
    return np.array([*sizes, *[1] * outside], dtype=np.int64)


def _episode_count(bursts: Bursts) -> int:
    """Count bursts, those of several sites that overlap in time as one."""
    return len(merged_spans([(float(burst.onset_s[0]), burst.offset_s) for burst in bursts.bursts]))


def _median_hz(intervals_s: list[FloatArray], settings: FeatureSettings) -> float | None:
    joined = np.concatenate(intervals_s) if intervals_s else np.empty(0)
    return 1.0 / float(np.median(joined)) if len(joined) >= settings.smallest_burst_event_count - 1 else None


def _dominant_hz(events: EventSet, bursts: Bursts, settings: FeatureSettings) -> float | None:
    site = busiest_site(events.events)
    own = [np.diff(burst.onset_s) for burst in bursts.of_site(site)]
    if own:
        return _median_hz(own, settings)
    whole = [train.interval_s for train in bursts.trains if train.site == site]
    enough = sum(map(len, whole)) >= settings.smallest_interval_count
    return _median_hz(whole, settings) if enough else None


def _active_spans(events: EventSet) -> list[Span]:
    """Join the [onset, offset) of all sites and keep what lies in the observed intervals."""
    active = merged_spans([(event.onset_s, event.offset_s) for event in events.events])
    return [span for window in sorted(events.observed_intervals_s) for span in clipped_spans(active, window)]


def _longest_quiet_s(events: EventSet, active: list[Span]) -> float | None:
    quiet = []
    for window in events.observed_intervals_s:
        inside = sorted(clipped_spans(active, window))
        edges = [window[0], *[edge for span in inside for edge in span], window[1]]
        quiet += [b - a for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return max(quiet, default=None)


def _longest_run_s(events: EventSet, active: list[Span], settings: FeatureSettings) -> float | None:
    if events.observed_s <= 0:
        return None
    runs = [
        span
        for window in events.observed_intervals_s
        for span in merged_spans(clipped_spans(active, window), settings.run_bridge_s)
    ]
    return max((b - a for a, b in runs), default=0.0)
