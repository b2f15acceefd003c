"""Where twitches live, and single movements, decided from what the survey of the whole clip saw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vision.blocks import blocks
from vision.model.arrays import FloatArray, IntArray
from vision.settings import DetectionSettings
from vision.twitch.course import rebased
from vision.twitch.strength import Response
from vision.twitch.survey import Survey

SEED_DISTANCE_SIGMA = 2.0  # of two seeds; nearer ones see the same footprint
NEARLY = 0.999  # of a bar: what passes here is measured again, with the rounding of another order
MOST_SEEDS = 60  # a clip with more places than this is not read by more of them
# Of the lower of two peaks: a block that stayed kept 0.64 of it, twitches of bursts at most 0.37. Our choice.
BACK_SHARE = 0.5
SAME_SIGMA = 3.5  # footprints within which two movements of one moment are one


@dataclass(frozen=True, eq=False)
class Seed:
    """One place that stands out, with the filter that shows it best.

    direction : (2,) unit vector in noise widths. scale : noise widths in one unit of strength.
    frame : set where one single twitch made the seed; None where several along one direction did.
    held_px : (T,) level along it at which expressions hold the place, no part of its course; None where none is known.
    """

    response: Response
    place: int
    direction: FloatArray
    scale: float
    strength: float
    frame: int | None = None
    held_px: FloatArray | None = None

    @property
    def centre_px(self) -> FloatArray:
        """(2,) place in the reference frame."""
        return np.asarray(self.response.motion.centre_px[self.place])

    @cached_property
    def vector(self) -> FloatArray:
        """(T, 2) filtered motion of the place, in noise widths."""
        return self.response.vector(np.array([self.place]))[:, 0]

    def along(self) -> FloatArray:
        """(T,) strength of each moment."""
        return np.asarray(self.vector @ self.direction / self.scale)

    def course(self) -> FloatArray:
        """(T,) displacement along the direction, in the unit whose filtered value is the strength."""
        way = self.direction / self.response.noise[self.place] / self.scale
        return np.asarray(self._moved_px() @ way, dtype=float)

    def px_per_unit(self) -> float:
        """Displacement in pixels that makes 1 of `course`."""
        return float(self.scale / (self.pixel_direction() @ (self.direction / self.response.noise[self.place])))

    def displacement_px(self) -> FloatArray:
        """(T,) displacement along the seed's direction, in pixels."""
        return np.asarray(self._moved_px() @ self.pixel_direction())

    def _moved_px(self) -> FloatArray:
        """(T, 2) displacement of the place beyond the level at which expressions hold it."""
        moved_px = self.response.motion.displacement_px[:, self.place]
        if self.held_px is None:
            return moved_px
        return np.asarray(moved_px - self.held_px[:, None] * self.pixel_direction())

    def pixel_direction(self) -> FloatArray:
        """(2,) unit vector in pixels: the direction was found in noise widths."""
        vector = self.direction * self.response.noise[self.place]
        return np.asarray(vector / np.hypot(*vector))


def peaks_of(strength: FloatArray, time_s: FloatArray, floor: float, dead_time_s: float) -> list[int]:
    """Frames of local maxima above `floor`, the highest first where two lie within the dead time."""
    inner = (strength[1:-1] >= strength[:-2]) & (strength[1:-1] > strength[2:]) & (strength[1:-1] > floor)
    kept: list[int] = []
    for index in sorted(np.flatnonzero(inner) + 1, key=lambda i: -strength[i]):
        if all(abs(time_s[index] - time_s[other]) >= dead_time_s for other in kept):
            kept.append(int(index))
    return kept


def find_seeds(survey: Survey, time_s: FloatArray, settings: DetectionSettings) -> list[Seed]:
    """Choose the places where twitches repeat, from the strongest down, none near another."""
    bar = settings.repeated_strength * max(tail for _, tail in survey.tails)
    ranked = sorted(
        (
            (float(response.strength[place]), number, int(place))
            for number, response in enumerate(survey.responses)
            for place in np.flatnonzero(
                (response.strength >= settings.event_strength) & (response.repeated >= NEARLY * bar)
            )
        ),
        key=lambda found: -found[0],
    )
    seeds: list[Seed] = []
    reach_px = SEED_DISTANCE_SIGMA * survey.motions[0].sigma_px
    for strength, number, place in ranked:
        response = survey.responses[number]
        seed = Seed(response, place, response.direction[place], float(response.scale[place]), strength)
        if any(np.hypot(*(seed.centre_px - other.centre_px)) < reach_px for other in seeds):
            continue
        if repeats(seed.along() * survey.usable, time_s, bar, settings):
            seeds.append(seed)
            if len(seeds) == MOST_SEEDS:
                break
    return seeds


def repeats(strength: FloatArray, time_s: FloatArray, bar: float, settings: DetectionSettings) -> bool:
    """Say whether a place shows twitches above the bar, along one direction, at several separate moments."""
    return bool(moments(strength, time_s, settings)[settings.repeat_count - 1] >= bar)


def moments(
    strength: FloatArray, time_s: FloatArray, settings: DetectionSettings, course_px: FloatArray | None = None
) -> FloatArray:
    """Heights of the separate moments at which a place stands out, the largest first; zeros make up `repeat_count`.

    Parameters
    ----------
    course_px : (T,) displacement along the place's direction. Where it is given, what does not come back halfway
        between two moments, as blocks that jump and stay, counts as one.
    """
    frames = peaks_of(strength, time_s, settings.event_strength, settings.moment_s)
    if course_px is not None:
        frames = _that_come_back(frames, rebased(course_px, frames, time_s))
    return np.asarray(np.r_[strength[frames], np.zeros(settings.repeat_count)], dtype=float)


def _that_come_back(frames: list[int], level_px: FloatArray) -> list[int]:
    """Of moments in order of their strength, those between which displacement comes back."""
    kept: list[int] = []
    for frame in frames:
        spans = [slice(min(frame, other), max(frame, other) + 1) for other in kept]
        if all(level_px[span].min() <= BACK_SHARE * level_px[[span.start, span.stop - 1]].min() for span in spans):
            kept.append(frame)
    return kept


def find_singles(survey: Survey, time_s: FloatArray, settings: DetectionSettings) -> list[Seed]:
    """Choose single movements, in whatever direction, that no tail of the noise explains.

    The scale of a place is its 95th percentile, as that of a normal vector; how much heavier the clip's tails are
    beyond it, at the typical place, raises the bar for all. What goes both ways within half a second is no twitch.
    Where the whole part moves, a twitch must stand out of that movement as well.
    """
    found: list[Seed] = []
    for response, (scale, tail) in zip(survey.responses, survey.tails, strict=True):
        bar = scale * tail
        some = np.flatnonzero(response.largest / bar > settings.single_strength)
        for own in blocks(len(some)):
            found += _singles_at(some[own], response, scale, bar, time_s, settings)
    return _one_each(found, time_s, settings)


def _singles_at(
    places: IntArray, response: Response, scale: FloatArray, bar: FloatArray, time_s: FloatArray,
    settings: DetectionSettings,
) -> list[Seed]:  # fmt: skip
    """Single movements at some places that pass the (P,) bar and go one way."""
    vectors = response.vector(places)
    size = np.hypot(vectors[..., 0], vectors[..., 1])
    height = size / bar[places]
    inner = (height[1:-1] >= height[:-2]) & (height[1:-1] > height[2:]) & (height[1:-1] > settings.single_strength)
    inner &= (size * response.unrest[:, None] > response.wide_level[:, None])[1:-1]
    found = []
    for frame, column in np.argwhere(inner) + np.array([1, 0]):
        vector, place = vectors[:, column], int(places[column])
        if wrong_way_share(vector, int(frame), time_s) < settings.wrong_way_share:
            unit = vector[frame] / np.hypot(*vector[frame])
            found.append(Seed(response, place, unit, float(scale[place]), float(height[frame, column]), int(frame)))
    return found


def wrong_way_share(vector: FloatArray, frame: int, time_s: FloatArray) -> float:
    """Largest movement back or across within half a second, as a share of (T, 2) vector's length at the frame."""
    apart_s = np.abs(time_s - time_s[frame])
    around = vector[(apart_s < 0.5) & (apart_s > 0.07)]
    length = float(np.hypot(*vector[frame]))
    unit = vector[frame] / length
    if not len(around):
        return 0.0
    return float(max((-around @ unit).max(), np.abs(around @ np.array([-unit[1], unit[0]])).max()) / length)


def _one_each(seeds: list[Seed], time_s: FloatArray, settings: DetectionSettings) -> list[Seed]:
    """Keep the strongest of those that see the same moment near the same place."""
    seeds = sorted(seeds, key=lambda seed: -seed.strength)
    when_s = np.array([time_s[seed.frame] for seed in seeds])
    centre_px = np.array([seed.centre_px for seed in seeds]).reshape(len(seeds), 2)
    sigma_px = np.array([seed.response.motion.sigma_px for seed in seeds])
    is_free, kept = np.ones(len(seeds), bool), []
    for index, seed in enumerate(seeds):
        if is_free[index]:
            kept.append(seed)
            apart_px = np.hypot(*(centre_px - centre_px[index]).T)
            is_near = apart_px < SAME_SIGMA * np.maximum(sigma_px, sigma_px[index])
            is_free &= ~(is_near & (np.abs(when_s - when_s[index]) < settings.dead_time_s))
    return kept
