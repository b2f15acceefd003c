"""Series and masks for the pictures, out of the carriers: what a site did, when a region could be watched."""

from __future__ import annotations

import numpy as np

from vision.errors import ShapeError
from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import Site, TwitchEvent
from vision.model.regions import region_label
from vision.model.result import AnalysisResult, ResultDocument
from vision.model.signals import MotionSignals

# All three are our choice, unvalidated; they change pictures, never a figure.
FOOTPRINT_REACH_SD = 2.5  # points farther off than this many footprint widths say nothing of a site
DEFAULT_FOOTPRINT_SPACINGS = 1.5  # footprint width in grid spacings where the site has none
LEAST_WATCHED_SHARE = 0.5  # share of a region's points, or of a footprint's weight, that must be seen


def pool_trace(signals: MotionSignals, site: Site, direction_rad: float) -> FloatArray:
    """Pool the points of a site's footprint into one displacement along the site's direction.

    Parameters
    ----------
    signals : MotionSignals
    site : Site
        Its place (reference frame, px) and `footprint_sigma_px`.
    direction_rad : atan2(dy, dx), x right, y down.

    Returns
    -------
    (T,) float, px at the centre of the footprint. NaN where less than half of the weight was seen, and
    everywhere if no point lies within reach: "not measured".

    Notes
    -----
    Weighted least squares for a in  d_n = a g_n u  with the texture's information S_n (`structure`) as weight:
    a = Σ g_n uᵀS_n d_n / Σ g_n² uᵀS_n u,  g_n the Gaussian footprint, u the direction.
    """
    sigma_px = site.footprint_sigma_px or DEFAULT_FOOTPRINT_SPACINGS * signals.spacing_px
    squared_px2 = np.sum((signals.point_px - np.array([site.x_px, site.y_px])) ** 2, axis=1)
    near = np.flatnonzero(squared_px2 <= (FOOTPRINT_REACH_SD * sigma_px) ** 2)
    along = np.array([np.cos(direction_rad), np.sin(direction_rad)])
    footprint = np.exp(-squared_px2[near] / (2 * sigma_px**2))
    weight = footprint[:, None] * (np.nan_to_num(signals.structure[near]) @ along)  # (n, 2)
    power = footprint * (weight @ along)  # (n,)
    displacement_px = signals.displacement_px[:, near]
    seen = signals.valid[:, near] & np.isfinite(displacement_px).all(axis=2)
    pooled = np.einsum("tni,ni->t", np.where(seen[..., None], displacement_px, 0.0), weight)
    seen_power = seen.astype(float) @ power
    enough = (seen_power > 0) & (seen_power >= LEAST_WATCHED_SHARE * power.sum())
    return np.divide(pooled, seen_power, out=np.full(len(pooled), np.nan), where=enough)


def direction_of_site(site: Site, events: tuple[TwitchEvent, ...]) -> float | None:
    """Give the direction of a site, from its events where the site itself has none; None where both are silent."""
    if site.direction_rad is not None:
        return site.direction_rad
    own = [event for event in events if event.site == site.id]
    if not own:
        return None
    x = sum(event.amplitude_px * np.cos(event.direction_rad) for event in own)
    y = sum(event.amplitude_px * np.sin(event.direction_rad) for event in own)
    return float(np.arctan2(y, x))


def watched(result: AnalysisResult) -> BoolArray:
    """Say when each region could be watched: in view, most of its points seen, no rejected movement over it.

    Returns
    -------
    (T, R) bool. A picture's aid; the seconds that count are `observed_s` of the result.
    """
    track, signals = result.regions, result.signals
    if len(track.time_s) != len(signals.time_s):
        raise ShapeError(f"{len(track.time_s)} frames of regions, {len(signals.time_s)} of signals", "as many")
    clear = track.seen.copy()
    for column, (name, side) in enumerate(zip(track.names, track.sides, strict=True)):
        points = signals.region_of_point == column
        if points.any():
            clear[:, column] &= signals.valid[:, points].mean(axis=1) >= LEAST_WATCHED_SHARE
        for movement in result.document.hiding:
            if not movement.regions or region_label(name, side) in movement.regions:
                covered = (track.time_s >= movement.onset_s) & (track.time_s < movement.offset_s)
                clear[covered, column] = False
    return clear


def gaps(clear: BoolArray, time_s: FloatArray, duration_s: float) -> list[tuple[float, float]]:
    """Turn a mask (T,) into the half-open intervals [s, s) in which it is False."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], clear, [True]]).astype(int)))
    ends = np.append(time_s, max(duration_s, float(time_s[-1])))
    return [(float(ends[first]), float(ends[last])) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def onset_intervals(document: ResultDocument) -> tuple[FloatArray, bool]:
    """Give the intervals between onsets, and whether they are those within single sites.

    Returns
    -------
    (n,) seconds, pooled over sites; where no site fired twice, the intervals between any two onsets, and False.
    """
    sites = {event.site for event in document.events}
    own = [np.diff(sorted(event.onset_s for event in document.events if event.site == site)) for site in sites]
    within = np.concatenate(own) if own else np.empty(0)
    if len(within):
        return within[within > 0], True
    between = np.diff(sorted(event.onset_s for event in document.events))
    return between[between > 0], False
