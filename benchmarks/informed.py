"""The informed detector: told where, which way and how each twitch goes, it only has to say when.

It works on the same displacement signals as ours, so what it misses, no detector on these signals can be asked to find.
For each site of the truth the points are pooled with the weights that the footprint and their texture give them, along
the known direction; the strongest courses of the points outside of the footprint are regressed out; the course of a
twitch is correlated with the rest. Of a few variants (points weighted by texture, by measured noise, by both; with
those courses and without; whitened and not) and of all thresholds, the best by F1 is taken with hindsight. It is a
practical bound, not a strict one: a nonlinear detector could beat it, and ours, which leaves out blinks, sometimes
does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import scipy.signal
from scipy.sparse.linalg import svds

from vision.dsp import fit_autoregression, matched_filter, robust_sd, running_quantile, twitch_waveform, whiten
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import MotionSignals

MODE_COUNT, OUTSIDE_SIGMA = 5, 2.5  # courses regressed out, and from where on points count as outside; issue 3
NOISE_ORDER = 6  # of the autoregression that whitens; as in vision's own settings
BASELINE_S = 2.0  # slower movement is posture
SAME_WAY_RAD = 0.1
DEAD_TIME_S = 0.1  # two twitches of one site are never closer in the truths
SAME_MOMENT_S = 0.12  # within which a weaker peak of an overlapping site is the same twitch; the rule's tolerance
PHASES = (0.0, 0.25, 0.5, 0.75)  # of the frame clock at which a twitch may peak
FEWEST_VALID = 0.5  # share of the points a frame needs, and of the frames a point needs
Weighting = Literal["texture", "noise", "both"]
WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)
SMALLEST_NOISE_PX = 1e-3  # keeps weights finite on perfect pictures

Match = Callable[[list[dict[str, Any]], dict[str, Any]], list[tuple[int, int]]]
"""The matching rule of bench/score.py: reported events and a truth to index pairs."""


@dataclass(frozen=True, eq=False)
class KnownSite:
    """All that is told about one site. `place_px` (2,) in the reference frame; sigma across, aspect times it along."""

    place_px: FloatArray
    shown_px: FloatArray
    direction_rad: float
    sigma_px: float
    aspect: float
    tau_s: float
    decay: float


@dataclass(frozen=True)
class Score:
    """Best count of hits, false events and misses."""

    tp: int
    fp: int
    fn: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, rounded as the rule does."""
        return round(2 * self.tp / max(1, 2 * self.tp + self.fp + self.fn), 3)


def informed_score(signals: MotionSignals, truth: dict[str, Any], match: Match) -> Score | None:
    """Score the informed detector on one clip; None where there is no single twitch to find."""
    if not truth["twitches"] or truth["label"] == "sustained-facial":
        return None
    sites = known_sites(signals, truth)
    displacement, in_view = bridged(signals), frames_in_view(signals)
    shared = [shared_courses(signals, displacement, site, in_view) for site in sites]
    return best_score(signals, truth, match, sites, shared)


def best_score(
    signals: MotionSignals, truth: dict[str, Any], match: Match, sites: Sequence[KnownSite],
    shared: Sequence[FloatArray], echo_sigmas: float = OUTSIDE_SIGMA,
) -> Score:  # fmt: skip
    """Score the best variant at its best threshold of a detector that looks at the sites.

    shared : (T, K) courses to be regressed out at each site. echo_sigmas : how far a twitch is heard by other sites.
    """
    displacement, in_view = bridged(signals), frames_in_view(signals)
    usable = in_view & ~signals.is_keyframe
    best = Score(0, 0, len(truth["twitches"]))
    most = 3 * len(truth["twitches"]) + 10  # beyond, F1 only falls
    for weighting, is_cleaned in itertools.product(WEIGHTINGS, (False, True)):
        trusted = precision(signals, weighting)
        course = np.stack([pooled(signals.point_px, displacement, trusted, site) for site in sites], 1)
        if is_cleaned:
            course = np.stack([_without(one, modes, in_view) for one, modes in zip(course.T, shared, strict=True)], 1)
        for is_whitened in (False, True):
            strength = _strength(signals.time_s, course, usable, sites, is_whitened)
            found = without_echoes(_peaks(signals.time_s, strength), sites, most, echo_sigmas)
            best = max(best, best_threshold(_events(found, sites), truth, match), key=lambda score: score.f1)
    return best


def frames_in_view(signals: MotionSignals) -> BoolArray:
    """(T,) frames that show enough of the points."""
    return np.asarray(signals.valid.mean(1) >= FEWEST_VALID)


def precision(signals: MotionSignals, weighting: Weighting) -> FloatArray:
    """(N, 2, 2) how far each point is trusted: by its texture, its measured noise, or by both.

    "both": the noise says how much, the texture in which direction.
    """
    if weighting == "texture":
        return signals.structure
    quiet = 1 / _noise_px(signals) ** 2
    if weighting == "noise":
        return np.asarray(quiet[:, None, None] * np.eye(2))
    energy = np.maximum(np.trace(signals.structure, axis1=1, axis2=2) / 2, 1e-9)
    return np.asarray(signals.structure * (quiet / energy)[:, None, None])


def known_sites(signals: MotionSignals, truth: dict[str, Any]) -> list[KnownSite]:
    """Gather the sites of a truth, one for each direction there, their places carried back into the reference frame."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for twitch in truth["twitches"]:
        way = round(twitch["direction_rad"] / SAME_WAY_RAD)
        groups.setdefault((str(twitch["site"]), way), []).append(twitch)
    return [_known_site(signals, members) for members in groups.values()]


def _known_site(signals: MotionSignals, members: Sequence[dict[str, Any]]) -> KnownSite:
    shown = np.array([(twitch["x_px"], twitch["y_px"]) for twitch in members])
    frames = [int(np.argmin(np.abs(signals.time_s - twitch["peak_s"]))) for twitch in members]
    maps = signals.camera[frames]
    places = np.linalg.solve(maps[:, :, :2], (shown - maps[:, :, 2])[..., None])[..., 0]
    turn = np.mean([np.exp(1j * twitch["direction_rad"]) for twitch in members])
    first = members[0]
    return KnownSite(
        places.mean(0), shown.mean(0), float(np.angle(turn)), float(first["sigma"]), float(first.get("aspect", 1.0)),
        float(first["tau_s"]), float(first["decay"]),
    )  # fmt: skip


def _noise_px(signals: MotionSignals) -> FloatArray:
    """(N,) measured noise; infinite where a point was never seen."""
    return np.maximum(np.nan_to_num(signals.noise_px[0], nan=np.inf, posinf=np.inf), SMALLEST_NOISE_PX)


def pooled(point_px: FloatArray, displacement_px: FloatArray, trusted: FloatArray, site: KnownSite) -> FloatArray:
    """(T,) most likely displacement at the site's centre along its direction, px, from (T, N, 2) displacement."""
    share = np.exp(-0.5 * _away(point_px, site) ** 2)
    way = np.array([np.cos(site.direction_rad), np.sin(site.direction_rad)])
    pull = share[:, None] * (trusted @ way)  # (N, 2) weight of each component of each point
    information = float((share**2 * (way @ trusted @ way)).sum())
    flat = displacement_px.reshape(len(displacement_px), -1)
    return np.asarray(flat @ pull.ravel().astype(np.float32) / max(information, 1e-12), dtype=float)


def shared_courses(
    signals: MotionSignals, displacement_px: FloatArray, site: KnownSite, in_view: BoolArray
) -> FloatArray:
    """(T, K) strongest temporal modes of the points outside of a site's footprint, each in units of its noise."""
    outside = _away(signals.point_px, site) > OUTSIDE_SIGMA
    if outside.sum() <= MODE_COUNT:
        return np.zeros((len(displacement_px), 0))
    scaled = displacement_px[:, outside] / _noise_px(signals)[outside, None]
    flat = np.asarray(scaled.reshape(len(scaled), -1) * in_view[:, None], dtype=np.float32)
    # A fixed start: the same signals give the same modes.
    return np.asarray(svds(flat, k=MODE_COUNT, v0=np.ones(min(flat.shape), np.float32))[0])


def _away(point_px: FloatArray, site: KnownSite) -> FloatArray:
    """(N,) distance of points from a site, in sigmas of its footprint."""
    arm = (point_px - site.place_px) / (site.sigma_px * np.array([site.aspect, 1.0]))
    return np.asarray(np.hypot(*arm.T))


def _without(course: FloatArray, modes: FloatArray, in_view: BoolArray) -> FloatArray:
    return np.asarray(course - modes @ np.linalg.lstsq(modes[in_view], course[in_view], rcond=None)[0])


def bridged(signals: MotionSignals) -> FloatArray:
    """(T, N, 2) displacement; gaps bridged by straight lines, points that were hardly seen at rest."""
    displacement = np.array(signals.displacement_px, dtype=np.float32)
    frames = np.arange(len(displacement))
    for point in np.flatnonzero(~signals.valid.all(0)):
        seen = signals.valid[:, point]
        for axis in (0, 1):
            bridged = np.interp(frames, frames[seen], displacement[seen, point, axis]) if seen.any() else 0.0
            displacement[:, point, axis] = bridged if seen.mean() >= FEWEST_VALID else 0.0
    return displacement


def _strength(
    time_s: FloatArray, course: FloatArray, usable: BoolArray, sites: Sequence[KnownSite], is_whitened: bool
) -> FloatArray:
    """(T, S) matched filter of each site's course with its own waveform, in robust noise widths."""
    quick = course - running_quantile(time_s, course, BASELINE_S)
    coefficients = fit_autoregression(quick, NOISE_ORDER, usable) if is_whitened else np.zeros(0)
    innovations = whiten(quick, coefficients)
    interval_s = float(np.median(np.diff(time_s)))
    banks = []
    for number, site in enumerate(sites):
        before, after = int(np.ceil(site.tau_s / interval_s)) + 1, int(np.ceil(6 * site.tau_s / interval_s))
        times = np.arange(-before, after + 1) * interval_s
        outputs = []
        for phase in PHASES:
            form = twitch_waveform(times, phase * interval_s - site.tau_s, site.tau_s, site.decay)
            template = np.convolve(form, np.r_[1.0, -coefficients])
            outputs.append(matched_filter(innovations[:, number], usable, template, before))
        banks.append(np.max(outputs, axis=0))
    strength = np.stack(banks, 1)
    width = robust_sd(strength[usable])
    return np.asarray(strength / np.where(width > 0, width, 1.0))


def _peaks(time_s: FloatArray, strength: FloatArray) -> list[tuple[float, float, int]]:
    """(height, time, site) of every peak, the highest first."""
    apart = max(1, int(DEAD_TIME_S / float(np.median(np.diff(time_s)))))
    found = []
    for number, course in enumerate(strength.T):
        indices, _ = scipy.signal.find_peaks(np.r_[-np.inf, course, -np.inf], height=0.0, distance=apart)
        found += [(float(course[index - 1]), float(time_s[index - 1]), number) for index in indices]
    return sorted(found, reverse=True)


def without_echoes(
    peaks: Sequence[tuple[float, float, int]], sites: Sequence[KnownSite], most: int, echo_sigmas: float = OUTSIDE_SIGMA
) -> list[tuple[float, float, int]]:
    """Keep the `most` highest peaks that overlap with no higher one in time and place; `peaks` come highest first."""
    kept: list[tuple[float, float, int]] = []
    for height, peak_s, number in peaks:
        is_echo = any(
            abs(peak_s - other_s) <= SAME_MOMENT_S
            and number != other
            and _overlap(sites[number], sites[other], echo_sigmas)
            for _, other_s, other in kept
        )
        if not is_echo:
            kept.append((height, peak_s, number))
        if len(kept) >= most:
            break
    return kept


def _overlap(one: KnownSite, other: KnownSite, echo_sigmas: float) -> bool:
    reach = echo_sigmas * max(one.sigma_px * one.aspect, other.sigma_px * other.aspect)
    return bool(np.hypot(*(one.place_px - other.place_px)) < reach)


def _events(peaks: Sequence[tuple[float, float, int]], sites: Sequence[KnownSite]) -> list[dict[str, Any]]:
    return [
        {"peak_s": peak_s, "x_px": float(sites[number].shown_px[0]), "y_px": float(sites[number].shown_px[1])}
        for _, peak_s, number in peaks
    ]


def best_threshold(events: list[dict[str, Any]], truth: dict[str, Any], match: Match) -> Score:
    """Take as many of the events, the strongest first, as give the best F1."""
    wanted = len(truth["twitches"])
    best = Score(0, 0, wanted)
    for count in range(1, len(events) + 1):
        hits = len(match(events[:count], truth))
        best = max(best, Score(hits, count - hits, wanted - hits), key=lambda score: score.f1)
    return best
