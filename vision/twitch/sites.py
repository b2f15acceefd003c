"""Where twitches live, decided from the whole clip."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vision.dsp import blocks, quantile_of_sorted
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.artefacts import Cover
from vision.twitch.cleaning import Cleaned
from vision.twitch.noise import still_share
from vision.twitch.pooling import PlaceMotion, lay_places, pool
from vision.twitch.strength import Response, footprint_share, in_widths, respond, settled, wide_frames, wide_level

SEED_DISTANCE_SIGMA = 2.0  # of two seeds; nearer ones see the same footprint
MOST_SEEDS = 60  # a clip with more places than this is not read by more of them
SAME_SIGMA = 3.5  # footprints within which two movements of one moment are one
RAYLEIGH_95 = 2.448  # 95th percentile of the length of a vector of two unit normal parts
RAYLEIGH_99_BY_50 = 2.9  # 99th percentile ÷ median of real, quiet clips; 2.58 for normal parts. Our choice


@dataclass(frozen=True, eq=False)
class Seed:
    """One place that stands out, with the filter that shows it best.

    direction : (2,) unit vector in noise widths. scale : noise widths in one unit of strength.
    frame : set where one single twitch made the seed; None where several along one direction did.
    """

    response: Response
    place: int
    direction: FloatArray
    scale: float
    strength: float
    frame: int | None = None

    @property
    def centre_px(self) -> FloatArray:
        """(2,) place in the reference frame."""
        return np.asarray(self.response.motion.centre_px[self.place])

    def along(self) -> FloatArray:
        """(T,) strength of each moment."""
        return np.asarray(self.response.vector[:, self.place] @ self.direction / self.scale)

    def course(self) -> FloatArray:
        """(T,) displacement along the direction, in the unit whose filtered value is the strength."""
        way = self.direction / self.response.noise[self.place] / self.scale
        return np.asarray(self.response.motion.displacement_px[:, self.place] @ way, dtype=float)

    def px_per_unit(self) -> float:
        """Displacement in pixels that makes 1 of `course`."""
        return float(self.scale / (self.pixel_direction() @ (self.direction / self.response.noise[self.place])))

    def displacement_px(self) -> FloatArray:
        """(T,) displacement along the seed's direction, in pixels."""
        return np.asarray(self.response.motion.displacement_px[:, self.place] @ self.pixel_direction())

    def pixel_direction(self) -> FloatArray:
        """(2,) unit vector in pixels: the direction was found in noise widths."""
        vector = self.direction * self.response.noise[self.place]
        return np.asarray(vector / np.hypot(*vector))


@dataclass(frozen=True, eq=False)
class Survey:
    """All that was looked at: settled motion of every footprint, responses, and the frames that count.

    usable : (T,) quiet frames, in which a single movement stands for itself. tracked : (T,) those, and the frames of
    blinks and of wide movement, in which a known place may still be seen to twitch. in_view : (T,) frames that show
    the part. cover : frames of blinks and of the mouth. unrest : (T,) by how much all places move more than usual.
    still : share of places that rest whatever twitches.
    """

    motions: tuple[PlaceMotion, ...]
    responses: tuple[Response, ...]
    usable: BoolArray
    wide: BoolArray
    tracked: BoolArray
    in_view: BoolArray
    cover: Cover
    unrest: FloatArray
    still: float

    @cached_property
    def tails(self) -> tuple[tuple[FloatArray, float], ...]:
        """Of each response: (P,) scale of the lengths of its vectors; how much heavier than normal their tails are."""
        return tuple(self._tail(response) for response in self.responses)

    def _tail(self, response: Response) -> tuple[FloatArray, float]:
        found = []
        for own in blocks(len(response.noise)):
            vector = response.vector[self.usable, own]
            ordered = np.sort(np.hypot(vector[..., 0], vector[..., 1]), axis=0)
            found.append([quantile_of_sorted(ordered, share) for share in (0.5, 0.95, 0.99)])
        middle, high, far = np.concatenate(found, axis=1)
        return np.maximum(1.0, high / RAYLEIGH_95), tail_weight(middle, far, self.still)


def footprint_sigmas(signals: MotionSignals, settings: DetectionSettings) -> list[float]:
    """Widths of the footprints to look for, native pixels."""
    if signals.scale_px is not None:
        return [share * signals.scale_px for share in settings.footprint_sigma_iod]
    longer_side = float(np.ptp(signals.point_px, axis=0).max())
    return [share * longer_side for share in settings.footprint_sigma_side]


def survey(signals: MotionSignals, cleaned: Cleaned, cover: Cover, settings: DetectionSettings) -> Survey:
    """Filter every place for twitches of every size and duration.

    Parameters
    ----------
    cover : frames that blinks and the mouth spoil.
    """
    time_s, usable = signals.time_s, cleaned.usable & ~cover.frames
    interval_s = float(np.median(np.diff(time_s)))
    motions = []
    for sigma_px in footprint_sigmas(signals, settings):
        places = lay_places(signals.point_px, max(sigma_px, signals.spacing_px))
        motions.append(settled(pool(signals, cleaned.displacement_px, places, sigma_px), cleaned, time_s, settings))
    still = still_share(footprint_share(len(motions[-1].centre_px)))
    votes, unrest = np.zeros(len(time_s), int), np.ones(len(time_s))
    first = [in_widths(motion, usable, usable, interval_s, settings.rise_s[0], still, settings) for motion in motions]
    for sizes in first:
        votes += wide_frames(sizes, motions[-1].sigma_px, time_s, settings)
        unrest = np.maximum(unrest, sizes.unrest)
    wide = votes > len(motions) / 2  # through a large footprint alone, one strong twitch may look wide
    quiet = usable & ~wide
    quiet = quiet if quiet.any() else usable  # where all moves as a whole throughout, that is what is usual
    if not np.array_equal(quiet, usable):
        first = [in_widths(m, usable, quiet, interval_s, settings.rise_s[0], still, settings) for m in motions]
    responses = []
    for sizes in first:
        responses.append(respond(sizes, quiet, interval_s))
        for rise_s in settings.rise_s[1:]:
            other = in_widths(sizes.motion, usable, quiet, interval_s, rise_s, still, settings, sizes.coefficients)
            responses.append(respond(other, quiet, interval_s))
    return Survey(
        tuple(motions), tuple(responses), quiet, wide, cleaned.usable, cleaned.in_view, cover, unrest, still
    )  # fmt: skip


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
    ranked = sorted(
        (
            Seed(
                response,
                int(place),
                response.direction[place],
                float(response.scale[place]),
                float(response.strength[place]),
            )
            for response in survey.responses
            for place in np.flatnonzero(response.strength >= settings.event_strength)
        ),
        key=lambda seed: -seed.strength,
    )
    tails = max(tail for _, tail in survey.tails)
    seeds: list[Seed] = []
    reach_px = SEED_DISTANCE_SIGMA * survey.motions[0].sigma_px
    for seed in ranked:
        if any(np.hypot(*(seed.centre_px - other.centre_px)) < reach_px for other in seeds):
            continue
        if repeats(seed.along() * survey.usable, time_s, tails * settings.repeated_strength, settings):
            seeds.append(seed)
            if len(seeds) == MOST_SEEDS:
                break
    return seeds


def repeats(strength: FloatArray, time_s: FloatArray, bar: float, settings: DetectionSettings) -> bool:
    """Say whether a place shows twitches above the bar, along one direction, at several separate moments."""
    return bool(moments(strength, time_s, settings)[settings.repeat_count - 1] >= bar)


def moments(strength: FloatArray, time_s: FloatArray, settings: DetectionSettings) -> FloatArray:
    """Heights of the separate moments at which a place stands out, the largest first; zeros make up `repeat_count`."""
    frames = peaks_of(strength, time_s, settings.event_strength, settings.moment_s)
    return np.asarray(np.r_[strength[frames], np.zeros(settings.repeat_count)], dtype=float)


def find_singles(survey: Survey, time_s: FloatArray, settings: DetectionSettings) -> list[Seed]:
    """Choose single movements, in whatever direction, that no tail of the noise explains.

    The scale of a place is its 95th percentile, as that of a normal vector; how much heavier the clip's tails are
    beyond it, at the typical place, raises the bar for all. What goes both ways within half a second is no twitch.
    Where the whole part moves, a twitch must stand out of that movement as well.
    """
    found = []
    for response, (scale, tail) in zip(survey.responses, survey.tails, strict=True):
        size = np.hypot(response.vector[..., 0], response.vector[..., 1])
        bar = scale * tail
        some = np.flatnonzero(size.max(0) / bar > settings.single_strength)
        size, scale = size[:, some], scale[some]
        height = size / bar[some]
        inner = (height[1:-1] >= height[:-2]) & (height[1:-1] > height[2:]) & (height[1:-1] > settings.single_strength)
        inner &= (size * response.unrest[:, None] > wide_level(response, survey.wide, time_s, settings)[:, None])[1:-1]
        for frame, place in np.argwhere(inner) + np.array([1, 0]):
            vector = response.vector[:, some[place]]
            if wrong_way_share(vector, int(frame), time_s) < settings.wrong_way_share:
                unit = vector[frame] / np.hypot(*vector[frame])
                strength = float(height[frame, place])
                found.append(Seed(response, int(some[place]), unit, float(scale[place]), strength, int(frame)))
    return _one_each(found, time_s, settings)


def tail_weight(middle: FloatArray, far: FloatArray, still: float = 0.5) -> float:
    """How much heavier than normal the tails of vector lengths are, 1 or more: of the places at rest, the worst.

    Parameters
    ----------
    middle, far : (P,) median and 99th percentile of the lengths at each place. still : share of places that rest; half
        of all makes it the typical place.
    """
    return max(1.0, float(np.quantile(far / np.maximum(middle, 1e-9), still)) / RAYLEIGH_99_BY_50)


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
    kept: list[Seed] = []
    for seed in sorted(seeds, key=lambda seed: -seed.strength):
        assert seed.frame is not None
        for other in kept:
            assert other.frame is not None
            apart_px = float(np.hypot(*(seed.centre_px - other.centre_px)))
            reach_px = SAME_SIGMA * max(seed.response.motion.sigma_px, other.response.motion.sigma_px)
            if abs(time_s[seed.frame] - time_s[other.frame]) < settings.dead_time_s and apart_px < reach_px:
                break
        else:
            kept.append(seed)
    return kept
