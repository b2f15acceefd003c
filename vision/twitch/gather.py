"""Events as the product names them: sites, regions and sides, units, and the time that was watched."""

from __future__ import annotations

import numpy as np

from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.model.events import (
    EventSet,
    EyeClosureEvent,
    RegionObservation,
    RejectedMovement,
    Site,
    TwitchEvent,
)
from vision.model.regions import RegionTrack
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.artefacts import runs
from vision.twitch.detect import Candidate

FEWEST_VALID = 0.5  # of a region's points, that must be followed for it to be watched
CLUSTER_SIGMA = 1.5  # footprints within which the places of two events are one site
LOCALISATION_SHARE = 0.5  # standard error of one event's place, as a share of the footprint it was found with


def _region_of(place_px: FloatArray, signals: MotionSignals) -> IntArray:
    """(P,) region of the grid point nearest to each place."""
    apart = ((place_px[:, None] - signals.point_px[None]) ** 2).sum(-1)
    return np.asarray(signals.region_of_point[apart.argmin(1)])


def gather(
    candidates: list[Candidate],
    rejected: list[RejectedMovement],
    closures: tuple[EyeClosureEvent, ...],
    watched: BoolArray,
    signals: MotionSignals,
    regions: RegionTrack,
    settings: DetectionSettings,
    mm_per_px: float | None,
) -> EventSet:
    """Turn candidates into the set of events of a clip.

    Parameters
    ----------
    watched : (T,) frames in which what was found could be seen; candidates outside of them are left out.
    """
    seen = [event for event in candidates if _is_watched(event, watched, signals)]
    placed = [event for event in seen if _region_index(event, signals) >= 0]
    site_of = cluster(placed)
    events = tuple(
        _named(event, number, site, signals, regions, mm_per_px)
        for number, (event, site) in enumerate(zip(placed, site_of, strict=True), 1)
    )
    interval_s = float(np.median(np.diff(signals.time_s)))
    intervals = observed_intervals(watched, signals, interval_s)
    total_s = sum(stop - start for start, stop in intervals)
    return EventSet(
        events=events,
        rejected=tuple(sorted(rejected, key=lambda movement: movement.onset_s)),
        sites=_sites(placed, site_of, events),
        closures=closures,
        observed=_observed(regions, watched, signals, interval_s),
        observed_s=total_s,
        observed_intervals_s=intervals,
        frame_interval_s=interval_s,
        dead_time_s=settings.dead_time_s,
    )


def _is_watched(event: Candidate, watched: BoolArray, signals: MotionSignals) -> bool:
    """Say whether the skin was in view and undisturbed from onset to peak: no event spans a gap."""
    during = (signals.time_s >= event.onset_s) & (signals.time_s <= event.offset_s)
    if event.is_continuous:
        during &= np.abs(signals.time_s - event.peak_s) < 0.05
    return bool(watched[during].all()) if during.any() else True


def cluster(candidates: list[Candidate]) -> list[int]:
    """Number the site of each event, from 1 on: the strongest event first, others join the nearest centre in reach."""
    centres: list[list[Candidate]] = []
    site_of = [0] * len(candidates)
    for index in sorted(range(len(candidates)), key=lambda i: -candidates[i].strength):
        event = candidates[index]
        apart = [_apart(event, members) for members in centres]
        best = int(np.argmin(apart)) if apart else -1
        if best < 0 or apart[best] > CLUSTER_SIGMA:
            centres.append([event])
            best = len(centres) - 1
        else:
            centres[best].append(event)
        site_of[index] = best + 1
    return site_of


def _apart(event: Candidate, members: list[Candidate]) -> float:
    """Distance from the members' mean place in footprints; lasting and single events never share a site."""
    if event.is_continuous != members[0].is_continuous or (event.is_continuous and event.seed != members[0].seed):
        return np.inf
    if not event.is_continuous and event.seed == members[0].seed:
        return 0.0
    x, y = np.mean([(member.x_px, member.y_px) for member in members], axis=0)
    return float(np.hypot(event.x_px - x, event.y_px - y) / max(event.sigma_px, members[0].sigma_px))


def _region_index(event: Candidate, signals: MotionSignals) -> int:
    return int(_region_of(np.array([[event.x_px, event.y_px]]), signals)[0])


def _named(
    event: Candidate, number: int, site: int, signals: MotionSignals, regions: RegionTrack, mm_per_px: float | None
) -> TwitchEvent:
    """Turn a candidate into an event: place in the frame of its peak, region, side, units."""
    frame = int(np.argmin(np.abs(signals.time_s - event.peak_s)))
    x_px, y_px = signals.camera[frame] @ np.array([event.x_px, event.y_px, 1.0])
    region = _region_index(event, signals)
    interval_s = float(np.median(np.diff(signals.time_s)))
    rise_s = event.peak_s - event.onset_s
    return TwitchEvent(
        id=number, onset_s=event.onset_s, peak_s=event.peak_s, offset_s=event.offset_s, site=site,
        region=regions.names[region], side=regions.sides[region], x_px=float(x_px), y_px=float(y_px),
        amplitude_px=event.amplitude_px,
        amplitude_iod=event.amplitude_px / signals.scale_px if signals.scale_px else None,
        amplitude_mm=event.amplitude_px * mm_per_px if mm_per_px else None, direction_rad=event.direction_rad,
        area_px2=2 * np.pi * np.log(2) * event.sigma_px**2,  # where it exceeds half of its height
        rise_s=rise_s if rise_s >= 2 * interval_s else None,
        duration_s=event.offset_s - event.onset_s, margin_sd=event.margin_sd,
    )  # fmt: skip


def _sites(candidates: list[Candidate], site_of: list[int], events: tuple[TwitchEvent, ...]) -> tuple[Site, ...]:
    found = []
    for number in sorted(set(site_of)):
        members = [index for index, site in enumerate(site_of) if site == number]
        strongest = max(members, key=lambda index: candidates[index].strength)
        x_px, y_px = np.mean([(candidates[index].x_px, candidates[index].y_px) for index in members], axis=0)
        sigma_px = candidates[strongest].sigma_px
        found.append(
            Site(
                number,
                events[strongest].region,
                events[strongest].side,
                float(x_px),
                float(y_px),
                len(members),
                direction_rad=candidates[strongest].direction_rad,
                footprint_sigma_px=sigma_px,
                localisation_sd_px=LOCALISATION_SHARE * sigma_px,
                is_continuous=candidates[strongest].is_continuous,
            )
        )
    return tuple(found)


def observed_intervals(
    watched: BoolArray, signals: MotionSignals, interval_s: float
) -> tuple[tuple[float, float], ...]:
    """Half-open intervals in which frames were watched; each frame lasts until the next, but not across a gap."""
    ends = np.minimum(np.append(signals.time_s[1:], signals.time_s[-1] + interval_s), signals.time_s + 3 * interval_s)
    pieces: list[tuple[float, float]] = []
    for first, last in runs(watched):
        start = float(signals.time_s[first])
        for frame in range(first, last + 1):
            is_gap = frame == last or signals.time_s[frame + 1] > ends[frame] + 1e-9
            if is_gap:
                pieces.append((start, float(ends[frame])))
                start = float(signals.time_s[min(frame + 1, last)])
    return tuple(pieces)


def _observed(
    regions: RegionTrack, watched: BoolArray, signals: MotionSignals, interval_s: float
) -> tuple[RegionObservation, ...]:
    tracked = np.unique(signals.region_of_point[signals.region_of_point >= 0])
    ends = np.minimum(np.append(signals.time_s[1:], signals.time_s[-1] + interval_s), signals.time_s + 3 * interval_s)
    lasting = ends - signals.time_s

    def seen_s(index: int) -> float:
        own = signals.valid[:, signals.region_of_point == index].mean(1) >= FEWEST_VALID
        return float(lasting[watched & regions.seen[:, index] & own].sum())

    return tuple(
        RegionObservation(regions.names[index], regions.sides[index], seen_s(index) if index in tracked else 0.0)
        for index in range(len(regions.names))
    )
