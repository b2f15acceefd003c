"""Where exactly a twitch sits and how large it is, from the displacement of the points around it.

A lattice of places finds a twitch; the centre of its footprint lies between them, or over the edge of what can be
tracked (a lid ends at the eyeball). A Gaussian footprint is fitted to the displacement of all points nearby: of all
centres and widths, the one that explains most of it, weighted by each point's information.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vision.dsp import median_of_sorted
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.background import FEWEST_LEVEL_FRAMES, LEVEL_WINDOW_S, Background
from vision.twitch.cleaning import Cleaned
from vision.twitch.detect import Candidate
from vision.twitch.shape import is_held, share_in_time

NEIGHBOURHOOD_SIGMA = 2.2  # points farther than this may belong to another twitch
SEARCH_SIGMA = 1.2  # around the place of detection within which the centre is looked for
STEP_SIGMA = 0.35  # of the search: half of it is the largest error that the lattice adds
BESIDE_SIGMA = 1.0  # a centre needs a tracked point within this
QUIET_MARGIN_S = 0.05  # around an event that is no level any more
COURSE_S = 0.7  # around a peak that its course is judged by; `vision.twitch.shape` looks at less
MOST_EVENTS = 40  # averaged for one site; more do not make its place any surer
LARGEST_EXTRAPOLATION = 4.0  # times what is seen beside it that a footprint's centre may have, our choice
AMPLITUDE_RANGE = (0.4, 1.6)  # by which a fit may correct the course's own height
PLAIN_EXPLAINED = 0.7  # of the motion around: such a fit stands for itself. Our choice, as the range


@dataclass(frozen=True)
class Footprint:
    """A Gaussian footprint: centre and width in pixels, displacement at the centre.

    explained : share of the motion around it. energy : that motion, squared, by each point's information.
    """

    x_px: float
    y_px: float
    sigma_px: float
    displacement_px: tuple[float, float]
    explained: float
    energy: float = 0.0

    @property
    def amplitude_px(self) -> float:
        """Length of the displacement at the centre."""
        return float(np.hypot(*self.displacement_px))

    def explained_beyond(self, usual: float) -> float:
        """Share that is explained of the motion around it, less what of the rest is `usual` energy."""
        own = self.explained * self.energy
        return own / max(own + max(0.0, self.energy - own - usual), 1e-12)


def fit_footprint(
    point_px: FloatArray, structure: FloatArray, field_px: FloatArray, start_px: FloatArray, sigmas_px: Sequence[float]
) -> Footprint:
    """Fit a Gaussian footprint to a field of displacements.

    Parameters
    ----------
    point_px : (N, 2). structure : (N, 2, 2) information. field_px : (N, 2) displacement.
    start_px : (2,) where it was detected. sigmas_px : widths to try.
    """
    middle, near = float(np.median(sigmas_px)), neighbourhood(point_px, start_px, sigmas_px)
    points, information = point_px[near], structure[near]
    score = np.einsum("nij,nj->ni", information, field_px[near])
    total = max(float(np.einsum("ni,ni->", score, field_px[near])), 1e-12)
    best = Footprint(float(start_px[0]), float(start_px[1]), middle, (0.0, 0.0), 0.0, total)
    centres = _centres(points, start_px, middle)
    for sigma_px in sigmas_px:
        share = np.exp(-0.5 * ((points[:, None] - centres[None]) ** 2).sum(-1) / sigma_px**2)
        normal = np.einsum("np,nij->pij", share**2, information) + 1e-9 * np.eye(2)
        right = np.einsum("np,ni->pi", share, score)
        solution = np.linalg.solve(normal, right[..., None])[..., 0]
        explained = np.einsum("pi,pi->p", right, solution) / total
        top = int(np.argmax(explained))
        if explained[top] > best.explained:
            x_px, y_px = (float(value) for value in centres[top])
            moved = (float(solution[top, 0]), float(solution[top, 1]))
            best = Footprint(x_px, y_px, float(sigma_px), moved, float(explained[top]), total)
    return best


def neighbourhood(point_px: FloatArray, start_px: FloatArray, sigmas_px: Sequence[float]) -> BoolArray:
    """(N,) points around a place that a footprint is fitted to."""
    return np.asarray(np.hypot(*(point_px - start_px).T) < NEIGHBOURHOOD_SIGMA * float(np.median(sigmas_px)))


def _centres(points: FloatArray, start_px: FloatArray, sigma_px: float) -> FloatArray:
    """(P, 2) centres to try: a lattice around the start, each beside a tracked point."""
    steps = np.arange(-SEARCH_SIGMA, SEARCH_SIGMA + 1e-9, STEP_SIGMA) * sigma_px
    lattice = start_px + np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    apart = ((lattice[:, None] - points[None]) ** 2).sum(-1).min(1)
    kept = lattice[apart < (BESIDE_SIGMA * sigma_px) ** 2]
    return np.asarray(kept if len(kept) else start_px[None])


def localised(
    candidates: list[Candidate], signals: MotionSignals, cleaned: Cleaned, resting: Background,
    sigmas_px: Sequence[float], settings: DetectionSettings,
) -> list[Candidate]:  # fmt: skip
    """Move the events of each seed to the centre of their common footprint, and set their size by it.

    A single movement that no one twitch explains is left out: blocks that an encoder draws anew, hair and shadows
    jump here and there, skin over a muscle moves as one and comes back.
    """
    placed = []
    for seed in sorted({event.seed for event in candidates}):
        members, evidence = [event for event in candidates if event.seed == seed], np.inf
        start = np.array([members[0].x_px, members[0].y_px])
        near = neighbourhood(signals.point_px, start, sigmas_px)
        field = mean_field(members, signals, cleaned, near)
        found = fit_footprint(signals.point_px[near], signals.structure[near], field, start, sigmas_px)
        if members[0].is_single:
            usual = resting.usual(near)
            evidence = _evidence(members[0], found, usual, signals, cleaned)
            if evidence < settings.least_evidence:
                continue
        if members[0].is_continuous and found.explained < settings.continuous_explained:
            continue
        height = float(np.mean([event.amplitude_px for event in _strongest(members)]))
        if members[0].is_continuous and found.amplitude_px > LARGEST_EXTRAPOLATION * height:
            continue  # the fit has left what is tracked
        factor = correction(found, height, float(np.hypot(*field.T).max(initial=0.0)), members[0])
        if factor * height < _smallest_px(members[0], settings):
            continue
        placed += [
            replace(
                event, x_px=found.x_px, y_px=found.y_px, sigma_px=found.sigma_px,
                amplitude_px=factor * event.amplitude_px, direction_rad=_direction_rad(event, found), evidence=evidence,
            )
            for event in members
        ]  # fmt: skip
    return placed


def correction(found: Footprint, height_px: float, largest_px: float, event: Candidate) -> float:
    """By how much the height of a course is too large or small: it pools another width, from beside the centre.

    The mean movement of a site's twitches, most of it explained by one footprint, stands for itself. One movement, or
    one without a level at rest, may be fitted by too narrow and high a footprint, and a fit far above `largest_px`, all
    that any point shows, has left what is tracked.
    """
    if not found.explained:
        return 1.0
    ratio = found.amplitude_px / max(height_px, 1e-9)
    is_plain = found.explained >= PLAIN_EXPLAINED and not (event.is_single or event.is_continuous)
    if is_plain and ratio >= AMPLITUDE_RANGE[0] and found.amplitude_px <= LARGEST_EXTRAPOLATION * largest_px:
        return ratio
    return float(np.clip(ratio, *AMPLITUDE_RANGE))


def _smallest_px(event: Candidate, settings: DetectionSettings) -> float:
    """Height below which what repeats or lasts may be the encoder's, which moves blocks by quarter pixels."""
    if event.is_continuous:
        return settings.continuous_smallest_px
    return 0.0 if event.is_single else settings.repeated_smallest_px


def _evidence(event: Candidate, found: Footprint, usual: float, signals: MotionSignals, cleaned: Cleaned) -> float:
    """Strength of a single movement, times the share of the motion around it that one twitch explains.

    In space: what its footprint explains at the peak, beyond the energy that is usual there. In time: what a twitch's
    course explains of the footprint's; 0 where what an encoder holds explains it better.
    """
    near = np.flatnonzero(np.abs(signals.time_s - event.peak_s) < COURSE_S)
    window = slice(int(near[0]), int(near[-1]) + 1)
    course = footprint_course(found, signals.point_px, signals.structure, cleaned.displacement_px[window])
    seen, time_s = cleaned.in_view[window], signals.time_s[window]
    if is_held(course, seen, time_s, event.peak_s):
        return 0.0
    in_time = share_in_time(course, seen, time_s, event.peak_s)
    return event.strength * found.explained_beyond(usual) * in_time


def footprint_course(
    found: Footprint, point_px: FloatArray, structure: FloatArray, displacement_px: FloatArray
) -> FloatArray:
    """(T,) displacement at a footprint's centre along its direction, pooled from (T, N, 2) by (N, 2, 2) information."""
    squared = ((point_px - np.array([found.x_px, found.y_px])) ** 2).sum(-1)
    near = squared < (NEIGHBOURHOOD_SIGMA * found.sigma_px) ** 2
    share = np.exp(-0.5 * squared[near] / found.sigma_px**2)
    score = np.einsum("n,nij,tnj->ti", share, structure[near], displacement_px[:, near], optimize=True)
    normal = np.einsum("n,nij->ij", share**2, structure[near]) + 1e-9 * np.eye(2)
    way = np.array(found.displacement_px) / max(found.amplitude_px, 1e-12)
    return np.asarray(score @ np.linalg.solve(normal, way), dtype=float)


def _direction_rad(event: Candidate, found: Footprint) -> float:
    """Way of the footprint; lasting activity keeps its own, for its level is unknown."""
    if event.is_continuous or not found.explained:
        return event.direction_rad
    return float(np.arctan2(found.displacement_px[1], found.displacement_px[0]))


def _strongest(members: list[Candidate]) -> list[Candidate]:
    return sorted(members, key=lambda event: -event.strength)[:MOST_EVENTS]


def mean_field(
    members: list[Candidate], signals: MotionSignals, cleaned: Cleaned, near: BoolArray | None = None
) -> FloatArray:
    """(N, 2) mean displacement at the peaks of some events, against the level of quiet frames around each.

    `near` : (M,) of all points, those N that are looked at.
    """
    moved = cleaned.displacement_px if near is None else cleaned.displacement_px[:, near]
    quiet = np.ones(len(signals.time_s), bool)
    for event in members:
        quiet &= (signals.time_s < event.onset_s - QUIET_MARGIN_S) | (signals.time_s > event.offset_s + QUIET_MARGIN_S)
    fields = []
    for event in _strongest(members):
        around = np.abs(signals.time_s - event.peak_s) < LEVEL_WINDOW_S
        level_frames = around & quiet
        if level_frames.sum() < FEWEST_LEVEL_FRAMES:  # no quiet in lasting activity: the valleys beside it are the best
            level_frames = np.abs(signals.time_s[:, None] - [event.onset_s, event.offset_s]).argmin(0)
        fields.append(moved[event.frame] - median_of_sorted(np.sort(moved[level_frames], axis=0)))
    caught = float(np.mean([event.caught for event in _strongest(members)]))
    return np.asarray(np.mean(fields, axis=0) / caught, dtype=float)
