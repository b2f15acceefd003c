"""How often: rate with its interval, bursts, share of time active."""

from __future__ import annotations

import numpy as np

from vision.model.arrays import FloatArray, IntArray
from vision.model.events import EventSet
from vision.model.features import Frequency, RateInterval, SiteSpectrum, Trend
from vision.settings import FeatureSettings
from vision.twitch.bursts import Bursts, find_bursts, split_train
from vision.twitch.rates import clumped_interval, mid_p_interval, poisson_interval
from vision.twitch.synchrony import coincidence_lag_s, leading_sites
from vision.twitch.trains import Span, busiest_site, clipped_spans, counted_once, is_on_clock, merged_spans, total_s
from vision.twitch.trend import rate_trend

LINE_AGREEMENT = 0.15  # of the median interval's rate: a line so near is the same rhythm, better known; our choice


def measure_frequency(
    events: EventSet, settings: FeatureSettings, seed: int, *, spectra: tuple[SiteSpectrum, ...] = ()
) -> Frequency:
    """Describe how often twitches come.

    Returns
    -------
    Rates are over `observed_s` and None where nothing was observed. `rate_per_min_ci95` is the exact Poisson
    interval where events do not clump, a bootstrap over bursts where they do, and None there with fewer than
    ``smallest_bootstrap_burst_count`` bursts; `rate_interval` says which. A burst that several sites share counts
    once; where sites move together beyond chance, their events clump. `within_burst_hz` is one over the median
    interval within bursts; `dominant_hz` the same at the busiest site, where no bursts are over all its intervals;
    where onsets are frame times, the median is refined below their clock. Where the motion of that site has a line in
    its spectrum within `LINE_AGREEMENT` of that median, the line is given: a swing without pause has no sharp onsets.
    `longest_quiet_s` and `longest_run_s` look at all sites at once and never across an unobserved gap; a pause shorter
    than ``run_bridge_s`` does not end a run. `trend` is over bursts where events clump. `spectra` is passed on, too.

    Raises
    ------
    ShapeError
        Times are not finite, or the observed intervals do not add up to the observed time.
    """
    events = counted_once(events)
    bursts = find_bursts(events, settings, seed)
    count, observed_s = len(events.events), events.observed_s
    active, per_min = _active_spans(events), 60.0 / observed_s if observed_s > 0 else None
    episodes = _episodes(bursts)
    kind, interval = _rate_interval(events, bursts, settings, seed)
    clock_s = events.frame_interval_s if is_on_clock(bursts.trains, events.frame_interval_s) else None
    return Frequency(
        event_count=count,
        observed_s=observed_s,
        rate_per_min=None if per_min is None else count * per_min,
        rate_per_min_ci95=interval,
        burst_count=len(episodes) if per_min is not None else None,
        burst_rate_per_min=None if per_min is None else len(episodes) * per_min,
        within_burst_hz=_median_hz([np.diff(burst.onset_s) for burst in bursts.bursts], settings, clock_s),
        dominant_hz=_dominant_hz(events, bursts, settings, clock_s, spectra),
        duty_cycle=None if per_min is None else min(1.0, total_s(active) / observed_s),
        longest_quiet_s=_longest_quiet_s(events, active),
        longest_run_s=_longest_run_s(events, active, settings),
        rate_interval=kind,
        rate_per_min_mid_p95=_scaled(mid_p_interval(count), per_min) if kind == "exact-poisson" else None,
        burst_rate_per_min_ci95=_scaled(poisson_interval(len(episodes)), per_min) if episodes else None,
        events_per_burst=_events_per_burst(bursts),
        trend=_trend(events, bursts, settings),
        nyquist_hz=0.5 / events.frame_interval_s,
        resolution_hz=_resolution_hz(events),
        spectra=spectra,
    )


def _rate_interval(
    events: EventSet, bursts: Bursts, settings: FeatureSettings, seed: int
) -> tuple[RateInterval | None, tuple[float, float] | None]:
    if events.observed_s <= 0:
        return None, None
    per_min = 60.0 / events.observed_s
    bridge_s = _bridge_s(events, settings)
    if bursts.threshold_s is None and not bridge_s:
        return "exact-poisson", _scaled(poisson_interval(len(events.events)), per_min)
    clumps = _groups(bursts, bridge_s) if bursts.threshold_s is None else _episodes(bursts)
    if len(clumps) < settings.smallest_bootstrap_burst_count:
        return "too-few-bursts", None
    generator = np.random.default_rng([seed, 2])
    counts = clumped_interval(_group_sizes(events, bursts, bridge_s), settings.bootstrap_count, generator)
    return "over-bursts", _scaled(counts, per_min)


def _resolution_hz(events: EventSet) -> float | None:
    """Finest difference of two rhythms: one over the time from the first to the last moment observed."""
    if events.observed_s <= 0:
        return None
    spans = events.observed_intervals_s
    return 1.0 / (max(b for _, b in spans) - min(a for a, _ in spans))


def _scaled(counts: tuple[float, float], per_min: float | None) -> tuple[float, float] | None:
    return None if per_min is None else (counts[0] * per_min, counts[1] * per_min)


def _trend(events: EventSet, bursts: Bursts, settings: FeatureSettings) -> Trend | None:
    """Trend of the bursts where events clump, of the events elsewhere: what is counted must be independent."""
    least, bridge_s = settings.trend_count, _bridge_s(events, settings)
    if bursts.threshold_s is None and not bridge_s:
        onset_s = np.array(sorted(event.onset_s for event in events.events))
        return rate_trend(onset_s, events.observed_intervals_s, least, "event")
    starts_s = np.array([a for a, _ in _groups(bursts, bridge_s)])
    return rate_trend(starts_s, events.observed_intervals_s, least, "burst")


def _bridge_s(events: EventSet, settings: FeatureSettings) -> float:
    """Up to which distance events of several sites are one movement: 0 where every site moves for itself."""
    lag_s = coincidence_lag_s(events, settings)
    follows = len(leading_sites(events, lag_s)) < len({event.site for event in events.events})
    return lag_s if follows else 0.0


def _groups(bursts: Bursts, bridge_s: float) -> list[Span]:
    """First and last onset of each group that moves together in time, whichever its sites; single ones included."""
    groups = [group for train in bursts.trains for group in split_train(train.onset_s, bursts.threshold_s or 0.0)]
    return merged_spans([(float(group[0]), float(group[-1])) for group in groups], bridge_s)


def _events_per_burst(bursts: Bursts) -> float | None:
    """Mean number of events in a burst, each site's own."""
    return float(np.mean([len(burst.onset_s) for burst in bursts.bursts])) if bursts.bursts else None


def _group_sizes(events: EventSet, bursts: Bursts, bridge_s: float) -> IntArray:
    """Size of each group that moves together in time, whichever its sites: (B,) adding up to all events."""
    spans = _groups(bursts, bridge_s)
    onset_s = np.array([event.onset_s for event in events.events])
    sizes = [int(np.sum((onset_s >= a) & (onset_s <= b))) for a, b in spans]
    outside = len(onset_s) - sum(sizes)
    return np.array([*sizes, *[1] * outside], dtype=np.int64)


def _episodes(bursts: Bursts) -> list[Span]:
    """Bursts, those of several sites that overlap in time as one."""
    return merged_spans([(float(burst.onset_s[0]), burst.offset_s) for burst in bursts.bursts])


def _median_hz(intervals_s: list[FloatArray], settings: FeatureSettings, clock_s: float | None) -> float | None:
    joined = np.concatenate(intervals_s) if intervals_s else np.empty(0)
    return 1.0 / _median_s(joined, clock_s) if len(joined) >= settings.smallest_burst_event_count - 1 else None


def _median_s(interval_s: FloatArray, clock_s: float | None) -> float:
    """Median interval; of whole frames the mean of those within a frame and a half of it.

    8 Hz at 30 frames/s is 3.75 frames, seen as 3 and 4: their median is 4, their mean is right.
    """
    middle_s = float(np.median(interval_s))
    if clock_s is None:
        return middle_s
    near_s = interval_s[np.abs(interval_s - middle_s) <= 1.5 * clock_s]
    return (
        float(np.mean(near_s)) if len(near_s) else middle_s
    )  # an even number of intervals may have none in the middle


def _dominant_hz(
    events: EventSet, bursts: Bursts, settings: FeatureSettings, clock_s: float | None,
    spectra: tuple[SiteSpectrum, ...],
) -> float | None:  # fmt: skip
    site = busiest_site(events.events)
    own = [np.diff(burst.onset_s) for burst in bursts.of_site(site)]
    if own:
        return _median_hz(own, settings, clock_s)
    whole = [train.interval_s for train in bursts.trains if train.site == site]
    if sum(map(len, whole)) < settings.smallest_interval_count:
        return None
    median_hz = _median_hz(whole, settings, clock_s)
    lines_hz = [one.peak_hz for one in spectra if one.site == site and one.peak_hz is not None]
    near_hz = [hz for hz in lines_hz if median_hz and abs(hz - median_hz) <= LINE_AGREEMENT * median_hz]
    return near_hz[0] if near_hz else median_hz


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
