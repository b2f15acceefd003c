"""Places: sites that are one for the label, because they share a region, the lids of one side, or the measuring error.

Here lies what the label table calls "one place", and how surely each place is more than stray detections.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from scipy.special import expit, pdtrik

from vision.model.events import EventSet, Site
from vision.model.regions import View, region_label
from vision.settings import PatternSettings
from vision.twitch.trains import site_counts

LIDS = ("upper-eyelid", "lower-eyelid")
SHARE_SOFTNESS = 0.03  # width of the step at `stray_share`: one event of thirty; ours, unvalidated
COUNT_SOFTNESS = 0.5  # width of the step at the number of stray single events; ours, unvalidated


@dataclass(frozen=True)
class Place:
    """One place: its name, its sites, its events, and the weight 0-1 with which it counts as a place at all."""

    name: str
    is_lid: bool
    site_ids: tuple[int, ...]
    event_count: int
    weight: float


def find_places(events: EventSet, view: View, settings: PatternSettings) -> tuple[Place, ...]:
    """Join sites into places, the busiest first.

    Sites are one place where they lie in one region or in the lids of one side (not on skin, which is a single
    region), and where they are no farther apart than ``far_apart_sd`` standard errors of their distance. Going from the
    busiest site down, each joins the nearest such place or founds its own, so that no chain of neighbours joins far
    ends. A site of several events is located as well as a single one: errors that they share do not average out.
    """
    counts = site_counts(events.events)
    sites = sorted(_sites(events, counts), key=lambda site: (-counts[site.id], site.id))
    groups: list[list[Site]] = []
    for site in sites:
        home = _home(site, groups, view, settings)
        if home is None:
            groups.append([site])
        else:
            home.append(site)
    totals = [sum(counts[site.id] for site in group) for group in groups]
    weights = _weights(totals, events.observed_s, settings)
    places = [
        Place(_name(group), all(site.region in LIDS for site in group), tuple(site.id for site in group), total, weight)
        for group, total, weight in zip(groups, totals, weights, strict=True)
    ]
    return tuple(sorted(places, key=lambda place: -place.event_count))


def stray_mean(observed_s: float, settings: PatternSettings) -> float:
    """Expected number of false events in the observed time."""
    return settings.stray_rate_per_min * observed_s / 60.0


def _sites(events: EventSet, counts: dict[int, int]) -> list[Site]:
    """Look up the sites that fired; one that is not listed lies at the mean of its events."""
    listed = {site.id: site for site in events.sites}
    ordered = sorted(events.events, key=lambda event: event.site)
    for site_id, group in groupby(ordered, key=lambda event: event.site):
        members = list(group)
        if site_id not in listed:
            x_px, y_px = (float(np.mean([getattr(e, axis) for e in members])) for axis in ("x_px", "y_px"))
            listed[site_id] = Site(site_id, members[0].region, members[0].side, x_px, y_px, len(members))
    return [listed[site_id] for site_id in counts]


def _home(site: Site, groups: list[list[Site]], view: View, settings: PatternSettings) -> list[Site] | None:
    """Find the group that a site belongs to: by anatomy first, else the nearest founder within the error."""
    if view != "skin":
        for group in groups:
            if any(_anatomy(site) == _anatomy(member) for member in group):
                return group
    near = [(math.dist(_xy(site), _xy(group[0])), i) for i, group in enumerate(groups)]
    within = [(d, i) for d, i in near if d <= settings.far_apart_sd * _distance_sd_px(site, groups[i][0], settings)]
    return groups[min(within)[1]] if within else None


def _anatomy(site: Site) -> tuple[str, str | None]:
    return ("lids" if site.region in LIDS else site.region), site.side


def _xy(site: Site) -> tuple[float, float]:
    return site.x_px, site.y_px


def _distance_sd_px(a: Site, b: Site, settings: PatternSettings) -> float:
    sds = [site.localisation_sd_px or settings.localisation_sd_px for site in (a, b)]
    return math.hypot(*sds)


def _name(group: list[Site]) -> str:
    founder = group[0]
    regions = {site.region for site in group}
    if regions <= set(LIDS) and len(regions) == 2:
        return region_label("eyelids", founder.side)
    return region_label(founder.region, founder.side)


def _weights(totals: list[int], observed_s: float, settings: PatternSettings) -> list[float]:
    """Say how surely each group of sites is a place.

    The busiest counts. A place of several events counts by its share of the busiest place's. Single events count
    together: a few of them, ever elsewhere, are what the detector's false events look like; more than
    ``stray_quantile`` of the expected number are not.
    """
    if not totals:
        return []
    busiest = max(totals)
    singles = totals.count(1)
    allowed = float(np.ceil(pdtrik(settings.stray_quantile, stray_mean(observed_s, settings)))) + 0.5
    of_singles = float(expit((singles - allowed) / COUNT_SOFTNESS))
    weights = [
        of_singles if total == 1 else float(expit((total / busiest - settings.stray_share) / SHARE_SOFTNESS))
        for total in totals
    ]
    weights[totals.index(busiest)] = 1.0
    return weights
