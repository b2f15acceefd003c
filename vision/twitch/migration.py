"""Migration: does the next twitch come at another site more often, and farther, than reshuffled events would?

Sites that fire on their own, each behind its dead time, do not come in any order: one site cannot fire twice within its
dead time, another can, and that alone looks like moving on. So only those orders count as chance that keep the dead
time. Given the times, all of them are equally likely if each site is a Poisson process behind a dead time. On the
frames' clock two onsets may be closer or farther apart than they look: near the dead time an order counts by the
probability that it keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vision.model.arrays import FloatArray
from vision.model.events import EventSet, TwitchEvent
from vision.settings import FeatureSettings
from vision.twitch.synchrony import coincidence_lag_s, coincident_share, excess_share, shifted_share
from vision.twitch.trains import ROUNDING_S, is_on_clock, site_trains, tail_p, window_index

Codes = np.ndarray[tuple[int, ...], np.dtype[np.intp]]
LEAST_SHARE = 0.01  # of orders that the clock hardly allows: the measured one may be such
FORBIDDEN = -50.0  # log of the share of an order that cannot be
SWAPS_PER_EVENT, MOST_SWAPS = 5, 3000  # between two orders of the chain; the p is exact at any number, the power is not


@dataclass(frozen=True)
class Migration:
    """Steps from movement to movement against chance: see `measure_migration`."""

    index: float
    p: float
    switch_share: float
    switch_share_chance: float


@dataclass(frozen=True, eq=False)
class _Slots:
    """Times at which some site fired, in order.

    codes : (M,) sites. close : (M, K) events so close that one site may not have fired both, filled up with M.
    log_share : (M, K) log of the probability that it may. steps : (J, 2) from movement to movement.
    """

    codes: Codes
    close: Codes
    log_share: FloatArray
    steps: Codes


def measure_migration(events: EventSet, settings: FeatureSettings, seed: int) -> Migration | None:
    """Test the order of the sites.

    Returns
    -------
    `index` is the mean step from one movement to the next ÷ its mean over chance orders (above 1: on to other and
    farther places), `p` one-sided; `switch_share` counts the steps to another site. None where it cannot be tested:
    every site fired once, only one did, fewer than ``migration_event_count`` movements, or the sites move together
    (then they are one movement). Movements that peak together, within ``coincidence_frames``, are one, at the site of
    the first. No step crosses an unobserved gap.

    Notes
    -----
    Chance orders come from swapping pairs of events (Besag & Clifford 1989, doi:10.1093/biomet/76.4.633: backward
    from the measured order, then forward many times, which makes the p exact without waiting for the chain to mix).
    """
    generator = np.random.default_rng([seed, 4])
    inside = [(window, event) for event in events.events if (window := window_index(event.onset_s, events)) is not None]
    if len({event.site for _, event in inside}) < 2 or _is_one_movement(events, settings, seed):
        return None
    slots = _slots(inside, events, settings, generator)
    counts = np.bincount(slots.codes)
    too_few = len(np.unique(slots.steps)) < settings.migration_event_count or len(slots.steps) < 2
    distance_px = _distances_px(events, sorted({event.site for _, event in inside}))
    if too_few or counts.max() == 1 or distance_px.max() <= 0:
        return None
    orders = np.concatenate([slots.codes[None], _chance_orders(slots, settings.surrogate_count, generator)])
    origin, target = orders[:, slots.steps[:, 0]], orders[:, slots.steps[:, 1]]
    step_px, switched = distance_px[origin, target].mean(axis=1), (origin != target).mean(axis=1)
    expected_px = float(step_px[1:].mean())
    if expected_px <= 0:
        return None
    p = tail_p(float(step_px[0]), step_px[1:], generator, larger=True)
    return Migration(float(step_px[0]) / expected_px, p, float(switched[0]), float(switched[1:].mean()))


def _is_one_movement(events: EventSet, settings: FeatureSettings, seed: int) -> bool:
    """Say whether the sites move together far more than by chance: then their order is that of one movement."""
    lag_s = coincidence_lag_s(events, settings)
    sites, peak_s = [event.site for event in events.events], [event.peak_s for event in events.events]
    share = coincident_share(sites, peak_s, lag_s)
    if share is None or share < settings.one_movement_share:
        return False
    chance = shifted_share(sites, peak_s, events, lag_s, settings.surrogate_count, np.random.default_rng([seed, 9]))
    return excess_share(share, float(chance.mean())) >= settings.one_movement_share


def _slots(
    inside: Sequence[tuple[int, TwitchEvent]], events: EventSet, settings: FeatureSettings,
    generator: np.random.Generator,
) -> _Slots:  # fmt: skip
    """Put the events in order; equal times in random order, so that no site comes first by its number."""
    listed = sorted(inside, key=lambda row: (row[0], row[1].peak_s, row[1].site, row[1].id))
    window = np.array([row[0] for row in listed])
    peak_s, onset_s = (np.array([getattr(event, name) for _, event in listed]) for name in ("peak_s", "onset_s"))
    order = np.lexsort([generator.random(len(listed)), peak_s, window])
    codes = np.unique([event.site for _, event in listed], return_inverse=True)[1][order]
    window, peak_s, onset_s = window[order], peak_s[order], onset_s[order]
    lag_s = coincidence_lag_s(events, settings) + ROUNDING_S
    first = _first_of_each(window, peak_s, lag_s)
    steps = np.stack([first[:-1], first[1:]], axis=1)[np.diff(window[first]) == 0]
    return _Slots(codes, *_close_pairs(codes, onset_s, events), steps)


def _first_of_each(window: Codes, peak_s: FloatArray, lag_s: float) -> Codes:
    """Index of the first event of each movement: what peaks within the lag of it belongs to it, whatever its site."""
    first = [0]
    for i in range(1, len(peak_s)):
        if window[i] != window[first[-1]] or peak_s[i] - peak_s[first[-1]] > lag_s:
            first.append(i)
    return np.array(first)


def _close_pairs(codes: Codes, onset_s: FloatArray, events: EventSet) -> tuple[Codes, FloatArray]:
    """For each event those that its own site could hardly have fired too, with the log of how likely it could.

    The dead time is as short as the events themselves say.
    """
    clock_s = events.frame_interval_s if is_on_clock(site_trains(events), events.frame_interval_s) else 0.0
    own_gaps_s = [np.diff(np.sort(onset_s[codes == code])) for code in np.unique(codes)]
    dead_s = min(events.dead_time_s, float(np.concatenate(own_gaps_s).min(initial=np.inf)) + clock_s)
    near = _neighbours(onset_s, dead_s + clock_s)
    gap_s = np.abs(np.append(onset_s, np.inf)[near] - onset_s[:, None])
    share = _allowed_share(gap_s, dead_s, clock_s)
    log_share = np.log(np.maximum(share, np.exp(FORBIDDEN)))
    return np.where(share < 1, near, len(codes)), log_share


def _neighbours(time_s: FloatArray, reach_s: float) -> Codes:
    """For each event all others within reach, (M, K), filled up with M."""
    count, order = len(time_s), np.argsort(time_s, kind="stable")
    ordered_s = time_s[order]
    first = np.searchsorted(ordered_s, ordered_s - reach_s - ROUNDING_S, "left")
    last = np.searchsorted(ordered_s, ordered_s + reach_s + ROUNDING_S, "right")
    index = first[:, None] + np.arange(int((last - first).max()))
    is_other = (index < last[:, None]) & (index != np.arange(count)[:, None])
    near = np.empty(index.shape, dtype=np.intp)
    near[order] = np.where(is_other, np.append(order, count)[np.minimum(index, count)], count)
    return near[:, np.flatnonzero((near < count).any(axis=0))]


def _allowed_share(gap_s: FloatArray, dead_time_s: float, clock_s: float) -> FloatArray:
    """Probability that a gap is at least the dead time; two roundings down blur it by a triangle of two frames."""
    if clock_s == 0:
        return np.asarray(gap_s >= dead_time_s - ROUNDING_S).astype(float)
    over = np.clip((np.minimum(gap_s, 10 * dead_time_s + clock_s) - dead_time_s) / clock_s, -1.0, 1.0)
    share = np.where(over < 0, (1 + over) ** 2 / 2, 1 - (1 - over) ** 2 / 2)
    return np.asarray(np.maximum(np.round(share, 9), LEAST_SHARE))


def _distances_px(events: EventSet, ids: Sequence[int]) -> FloatArray:
    """Distance between each two sites, (S, S)."""
    listed = {site.id: (site.x_px, site.y_px) for site in events.sites}
    for event in events.events:
        listed.setdefault(event.site, (event.x_px, event.y_px))
    place_px = np.array([listed[number] for number in ids])
    return np.asarray(np.hypot(*(place_px[:, None] - place_px[None]).transpose(2, 0, 1)))


def _chance_orders(slots: _Slots, count: int, generator: np.random.Generator) -> Codes:
    """Draw (count, M) orders of the site codes that keep the dead time."""
    if not slots.close.shape[1]:
        return generator.permuted(np.tile(slots.codes, (count, 1)), axis=1)
    nobody = np.append(slots.codes, -1)  # the code of "no event"
    start = _swapped(nobody[None].copy(), slots, generator)
    return _swapped(np.repeat(start, count, axis=0), slots, generator)[:, :-1]


def _swapped(orders: Codes, slots: _Slots, generator: np.random.Generator) -> Codes:
    """Swap random pairs of events in each row, as often as the dead time allows (Metropolis)."""
    rows, (chains, size) = np.arange(len(orders)), (len(orders), len(slots.close))
    for _ in range(min(SWAPS_PER_EVENT * size, MOST_SWAPS)):
        pair: Any = generator.integers(0, size, (2, chains))
        held = orders[rows, pair]
        before = _log_share(orders, pair, rows, slots)
        orders[rows, pair] = held[::-1]
        gain = _log_share(orders, pair, rows, slots) - before
        back = generator.random(chains) >= np.exp(np.minimum(gain, 0.0))
        orders[rows[back], pair[:, back]] = held[:, back]
    return orders


def _log_share(orders: Codes, pair: Any, rows: Codes, slots: _Slots) -> FloatArray:
    """Log of how likely the events of each row's pair leave their site's dead time in peace: (S,)."""
    same = orders[rows[:, None], slots.close[pair]] == orders[rows, pair][..., None]
    return np.asarray((same * slots.log_share[pair]).sum(axis=(0, 2)))
