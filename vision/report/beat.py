"""What the pictures of rhythm need: bursts, intervals with those of chance, and the spectrum of the busiest site."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from vision.model.arrays import FloatArray
from vision.model.events import EventSet, Site
from vision.model.result import AnalysisResult, ResultDocument
from vision.report import charts, traces
from vision.report.again import event_set_of, seed_of, settings_of
from vision.report.text import place
from vision.report.units import whole
from vision.twitch.bursts import Burst, find_bursts
from vision.twitch.spectrum import (
    FALSE_ALARM,
    LIGHT_HZ,
    MOST_KEYFRAME_HARMONIC,
    Periodogram,
    alias_hz,
    height_by_chance,
    keyframe_comb_hz,
    site_periodogram,
)
from vision.twitch.trains import busiest_site, chance_trains

FEWEST_INTERVALS = 3  # below, a histogram shows nothing that its numbers do not
MOST_COMB_MARKS = 6  # teeth of the keyframes' comb that are drawn; our choice

Figure = tuple[Markup, str]


@dataclass(frozen=True, eq=False)
class Beat:
    """Rhythm of a result, ready to be drawn.

    chance_s : (S, n) intervals of trains drawn by chance with the same rate, dead time and frame clock; None where
        the result was written before it carried its clock.
    within_sites : whether the intervals are those from one twitch of a site to its next.
    """

    bursts: tuple[Burst, ...]
    interval_s: FloatArray
    chance_s: FloatArray | None
    within_sites: bool


def beat_of(document: ResultDocument) -> Beat:
    """Find bursts and intervals as the analysis did, with its seed and its settings."""
    events = event_set_of(document)
    if events is not None and events.events:
        found = _counted(events, document)
        if len(found.interval_s):
            return found
    interval_s, within_sites = traces.onset_intervals(document)
    return Beat((), interval_s, None, within_sites)


def _counted(events: EventSet, document: ResultDocument) -> Beat:
    settings, seed = settings_of(document).features, seed_of(document)
    bursts = find_bursts(events, settings, seed)
    drawn = chance_trains(bursts.trains, events, settings.surrogate_count, np.random.default_rng([seed, 20]))
    interval_s = np.concatenate([train.interval_s for train in bursts.trains]) if bursts.trains else np.empty(0)
    return Beat(bursts.bursts, interval_s, np.concatenate(drawn, axis=1) if drawn else None, True)


def histogram(beat: Beat) -> Figure | None:
    """Draw the intervals with their caption; None where there are too few."""
    if len(beat.interval_s) < FEWEST_INTERVALS:
        return None
    whose = "at the same site" if beat.within_sites else "at any site, since none twitched twice"
    caption = f"{len(beat.interval_s)} intervals from one onset to the next {whose}, on a logarithmic axis. "
    caption += "Short intervals, as in bursts, stand on the left, pauses on the right."
    if beat.chance_s is not None:
        caption += " Hatched: where 95 of 100 trains lie that chance alone made, with the same number of twitches."
    ends = f"from {whole(float(beat.interval_s.min()))} to {whole(float(beat.interval_s.max()))} s"
    alt = f"Histogram of {len(beat.interval_s)} intervals, {ends}"
    return charts.interval_histogram(beat.interval_s, beat.chance_s, alt=alt), caption


def spectrum(result: AnalysisResult) -> Figure | None:
    """Draw the spectrum of the busiest site with its caption; None where it was watched for too short a time."""
    document = result.document
    events = event_set_of(document)
    site = _busiest(document)
    found = None if events is None or site is None else site_periodogram(site, events, result.signals)
    if events is None or site is None or found is None:
        return None
    known = next((one for one in document.features.frequency.spectra if one.site == site.id), None)
    peak_hz = None if known is None else known.peak_hz
    marks = _marks(found, events, result)
    where = f"site {site.id}, {place(site.region, site.side)}"
    said = "nothing stands out" if peak_hz is None else f"a rhythm of {peak_hz:.1f} Hz stands out"
    others = "" if not marks else " Dashed: where flickering lamps or the film's keyframes would look like movement."
    caption = f"Rhythm of the movement itself at {where}: {said}. Higher: stronger against the background.{others}"
    threshold = height_by_chance(FALSE_ALARM, len(found.frequency_hz))
    alt = f"Spectrum of {where}: {said}"
    return charts.spectrum(found.frequency_hz, found.height, threshold, peak_hz, marks, alt=alt), caption


def _busiest(document: ResultDocument) -> Site | None:
    busiest = busiest_site(document.events)
    return next((site for site in document.sites if site.id == busiest), None)


def _marks(found: Periodogram, events: EventSet, result: AnalysisResult) -> list[tuple[float, str]]:
    """Say where lamps and keyframes would move the picture, within what was searched; names at one place joined."""
    named: dict[float, list[str]] = {}
    for light_hz in LIGHT_HZ:
        named.setdefault(round(alias_hz(light_hz, 1 / events.frame_interval_s), 1), []).append(f"{light_hz:g}")
    lamps = [(at_hz, f"alias of {names[0]} Hz light") for at_hz, names in named.items()]
    comb_hz = keyframe_comb_hz(result.signals, found.resolution_hz)
    low_hz, high_hz = float(found.frequency_hz[0]), float(found.frequency_hz[-1])
    teeth = [] if comb_hz is None else [comb_hz * k for k in range(1, MOST_KEYFRAME_HARMONIC + 1)]
    seen = [at_hz for at_hz in teeth if low_hz <= at_hz <= high_hz][:MOST_COMB_MARKS]
    keys = [(at_hz, "" if k else "keyframes") for k, at_hz in enumerate(seen)]
    return sorted([*keys, *(lamp for lamp in lamps if low_hz <= lamp[0] <= high_hz)])
