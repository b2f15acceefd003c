"""The searching detector: told all that the informed one is told, but not where.

Its score, less than the informed one's, is what looking at N places costs: at each of them noise may rise above a weak
twitch somewhere else. It looks at a lattice over all the points; at each place it is told the waveform, the footprint
and the direction of the nearest twitch, and the best threshold for the whole clip with hindsight. So it still knows
more than any detector of use. Where all twitches share one place, that place can be told from all of them together and
the search costs little; so it is asked only where every twitch has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.informed import (
    KnownSite,
    Match,
    Score,
    best_score,
    bridged,
    frames_in_view,
    informed_score,
    known_sites,
    shared_courses,
)
from vision.model.signals import MotionSignals

LATTICE_SIGMA = 0.75  # between places: halfway between them a footprint still overlaps by 0.93
ECHO_SIGMAS = 4.0  # at which footprints overlap by 0.02: a higher twitch's echo is not counted against this detector
MOST_OF_ONE_SITE = 0.25  # of the twitches; more, and the place can be told from the rhythm of it all


def bounds_of(signals: MotionSignals, truth: dict[str, Any], match: Match) -> dict[str, Score]:
    """Score the detectors that are told the truth, by name, as far as there is something to ask them."""
    detectors = {"informed": informed_score, "searching": searching_score}
    scores = {name: detector(signals, truth, match) for name, detector in detectors.items()}
    return {name: score for name, score in scores.items() if score is not None}


def searching_score(signals: MotionSignals, truth: dict[str, Any], match: Match) -> Score | None:
    """Score the searching detector on one clip; None where the twitches share places, or there is none."""
    if not truth["twitches"] or truth["label"] == "sustained-facial":
        return None
    known = known_sites(signals, truth)
    names = [twitch["site"] for twitch in truth["twitches"]]
    if max(names.count(name) for name in names) > max(1.0, MOST_OF_ONE_SITE * len(names)):
        return None
    places = lattice(signals, known)
    everywhere = replace(known[0], place_px=np.full(2, np.inf))
    shared = shared_courses(signals, bridged(signals), everywhere, frames_in_view(signals))
    return best_score(signals, truth, match, places, [shared] * len(places), ECHO_SIGMAS)


def lattice(signals: MotionSignals, known: Sequence[KnownSite]) -> list[KnownSite]:
    """Spread places over the tracked points, each with all that is known of the nearest site but its place."""
    apart_px = LATTICE_SIGMA * min(site.sigma_px for site in known)
    low, high = signals.point_px.min(0), signals.point_px.max(0)
    columns, rows = (np.arange(first, last + apart_px, apart_px) for first, last in zip(low, high, strict=True))
    spots = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2)
    spots = spots[cKDTree(signals.point_px).query(spots)[0] <= apart_px]
    nearest = cKDTree([site.place_px for site in known]).query(spots)[1]
    moved = [site.shown_px - site.place_px for site in known]  # where the camera shows it, on the whole
    return [
        replace(known[index], place_px=spot, shown_px=spot + moved[index])
        for spot, index in zip(spots, nearest, strict=True)
    ]
