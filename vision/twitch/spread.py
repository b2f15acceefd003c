"""How far spread: sites, sides, area, whether the places differ, and whether their order is more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.special import chdtrc

from vision.errors import ShapeError
from vision.model.events import EventSet, Site, TwitchEvent
from vision.model.features import Laterality, Spread
from vision.model.regions import View, region_label
from vision.settings import FeatureSettings
from vision.twitch.migration import measure_migration
from vision.twitch.synchrony import coincidence_lag_s, coincident_share, shifted_share
from vision.twitch.trains import ROUNDING_S, counted_once, require_usable, site_counts, tail_p, window_index


def measure_spread(
    events: EventSet,
    settings: FeatureSettings,
    seed: int,
    *,
    scale_px: float | None,
    view: View,
    observed_area_px2: float | None,
    mm_per_px: float | None = None,
) -> Spread:
    """Describe where the twitches are.

    Parameters
    ----------
    scale_px : distance between the outer eye corners, None where there is no face.
    observed_area_px2 : area of all observed regions together.
    mm_per_px : size of a pixel on the skin, None where it is not known.

    Returns
    -------
    `effective_site_count` is exp(entropy), the Hill number of order 1 (Hill 1973, doi:10.2307/1934352), of the shares
    of events by site; `entropy` is Shannon's in nats. `dispersion_p` tests a single place against the localisation
    error; `migration_*` and `switch_share*` the order of the sites (`vision.twitch.migration`). `path_px` adds up the
    steps between sites; movements that peak together, within ``coincidence_frames``, are one there, at the largest.
    `synchrony` is the share of events that peak together with one of another region, `synchrony_chance` what it
    would be if the regions did not know of each other, `synchrony_p` how often chance is as high.
    `area_fraction` adds up the sites' footprints.

    Raises
    ------
    ShapeError
        Times or places are not finite, or the observed intervals do not add up to the observed time.
    """
    require_usable(events)
    events = counted_once(events)
    _require_places(events)
    counts = site_counts(events.events)
    entropy = _entropy_nats(list(counts.values()))
    lag_s = coincidence_lag_s(events, settings)
    runs = _movement_runs(events, lag_s)
    moved = measure_migration(events, settings, seed)
    path_px = _path_px(runs) if counts else None
    labels = [region_label(event.region, event.side) for event in events.events]
    together = _synchrony(labels, events, lag_s, settings, seed)
    recruited = _recruitment_steps(events.events, lag_s)
    return Spread(
        region_count=len(set(labels)),
        site_count=len(counts),
        effective_site_count=None if entropy is None else math.exp(entropy),
        busiest_site_share=max(counts.values()) / len(events.events) if counts else None,
        dispersion_p=dispersion_p(events, settings, scale_px),
        laterality=_laterality(events.events) if view != "skin" else None,
        area_fraction=_area_fraction(events.events, observed_area_px2),
        entropy=entropy,
        migration_index=None if moved is None else moved.index,
        migration_p=None if moved is None else moved.p,
        path_px=path_px,
        path_iod=path_px / scale_px if path_px is not None and scale_px else None,
        synchrony=together[0],
        recruitment=tuple(region for step in recruited for region in step),
        synchrony_chance=together[1],
        synchrony_p=together[2],
        switch_share=None if moved is None else moved.switch_share,
        switch_share_chance=None if moved is None else moved.switch_share_chance,
        path_mm=path_px * mm_per_px if path_px is not None and mm_per_px is not None else None,
        continuous_site_count=sum(site.is_continuous and site.id in counts for site in events.sites),
        recruitment_steps=recruited,
    )


def _synchrony(
    labels: Sequence[str], events: EventSet, lag_s: float, settings: FeatureSettings, seed: int
) -> tuple[float | None, float | None, float | None]:
    """Zero-lag share between regions, that share by chance, and how often chance is as high."""
    peak_s = [event.peak_s for event in events.events]
    share = coincident_share(labels, peak_s, lag_s)
    if share is None or events.observed_s <= 0:
        return share, None, None
    generator = np.random.default_rng([seed, 8])
    chance = shifted_share(labels, peak_s, events, lag_s, settings.surrogate_count, generator)
    return share, float(chance.mean()), tail_p(share, chance, generator, larger=True)


def localisation_sd_px(site: Site | None, settings: FeatureSettings, scale_px: float | None) -> float:
    """Standard error of one event's place per axis, as measured or else the default for face or skin."""
    if site is not None and site.localisation_sd_px:
        return site.localisation_sd_px
    return settings.localisation_sd_iod * scale_px if scale_px else settings.localisation_sd_px


def dispersion_p(events: EventSet, settings: FeatureSettings, scale_px: float | None) -> float | None:
    """Test whether all events come from a single place.

    Returns
    -------
    Probability of a scatter at least as wide if there were one place and only the localisation error, None below two
    events. The weighted squares about the weighted mean place follow chi-square with 2(n - 1) degrees of freedom.
    """
    sites = {site.id: site for site in events.sites}
    if len(events.events) < 2:
        return None
    place_px = np.array([(event.x_px, event.y_px) for event in events.events])
    sd_px = np.array([localisation_sd_px(sites.get(event.site), settings, scale_px) for event in events.events])
    weight = (1.0 / sd_px**2)[:, None]
    centre_px = (weight * place_px).sum(axis=0) / weight.sum()
    squares = float((weight * (place_px - centre_px) ** 2).sum())
    return float(chdtrc(2 * (len(place_px) - 1), squares))


def _require_places(events: EventSet) -> None:
    for name, places in (("an event", events.events), ("a site", events.sites)):
        if not all(math.isfinite(place.x_px) and math.isfinite(place.y_px) for place in places):
            raise ShapeError(f"{name} has no finite place", "x_px and y_px in pixels")
    if not all(0 < (site.localisation_sd_px or 1.0) < math.inf for site in events.sites):
        raise ShapeError("a site's localisation_sd_px is no length", "pixels above 0, or None")


def _entropy_nats(counts: list[int]) -> float | None:
    if not counts:
        return None
    share = np.array(counts) / sum(counts)
    return abs(float(-(share * np.log(share)).sum()))  # abs: one site gives -0.0


def _laterality(events: Sequence[TwitchEvent]) -> Laterality | None:
    """Name the side; midline movement goes with the one side that moves, if there is one."""
    sides = {event.side for event in events}
    if {"left", "right"} <= sides:
        return "both"
    return next((side for side in ("left", "right", "midline") if side in sides), None)


def _area_fraction(events: Sequence[TwitchEvent], observed_area_px2: float | None) -> float | None:
    """Footprints of the sites (the median of their events) ÷ the observed area, at most 1."""
    if not observed_area_px2 or observed_area_px2 <= 0:
        return None
    by_site: dict[int, list[float]] = {}
    for event in events:
        if event.area_px2 is not None and math.isfinite(event.area_px2):
            by_site.setdefault(event.site, []).append(event.area_px2)
    if events and not by_site:
        return None
    return min(1.0, sum(float(np.median(areas)) for areas in by_site.values()) / observed_area_px2)


def _recruitment_steps(events: Sequence[TwitchEvent], lag_s: float) -> tuple[tuple[str, ...], ...]:
    """Regions in the order in which they first moved; first onsets within the lag are one step."""
    steps: list[tuple[float, list[str]]] = []
    known: set[str] = set()
    for event in sorted(events, key=lambda event: (event.onset_s, event.id)):
        label = region_label(event.region, event.side)
        if label in known:
            continue
        known.add(label)
        if steps and event.onset_s - steps[-1][0] <= lag_s + ROUNDING_S:
            steps[-1][1].append(label)
        else:
            steps.append((event.onset_s, [label]))
    return tuple(tuple(labels) for _, labels in steps)


Movement = tuple[int, float, float]  # site, x_px, y_px


def _movement_runs(events: EventSet, lag_s: float) -> list[list[Movement]]:
    """Movements in order of time, one list for each observed interval: the step across a gap is not known.

    Events of several sites that peak together are one movement, at the place of the largest.
    """
    places = {site.id: (site.x_px, site.y_px) for site in events.sites}
    for event in events.events:
        places.setdefault(event.site, (event.x_px, event.y_px))
    runs = []
    windows = [window_index(event.onset_s, events) for event in events.events]
    for window in range(len(events.observed_intervals_s)):
        inside = [event for event, own in zip(events.events, windows, strict=True) if own == window]
        largest = [max(group, key=lambda event: event.amplitude_px) for group in _together(inside, lag_s)]
        runs.append([(event.site, *places[event.site]) for event in largest])
    return runs


def _together(events: list[TwitchEvent], lag_s: float) -> list[list[TwitchEvent]]:
    groups: list[list[TwitchEvent]] = []
    for event in sorted(events, key=lambda e: (e.peak_s, e.id)):
        known = {e.site for e in groups[-1]} if groups else set()
        if groups and event.peak_s - groups[-1][0].peak_s <= lag_s + ROUNDING_S and event.site not in known:
            groups[-1].append(event)
        else:
            groups.append([event])
    return groups


def _path_px(runs: list[list[Movement]]) -> float:
    return float(sum(math.dist(a[1:], b[1:]) for run in runs for a, b in pairwise(run)))
