"""Every place of the whole clip, looked at for twitches of every size and duration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.artefacts import Cover
from vision.twitch.cleaning import Cleaned
from vision.twitch.filtering import Filter, noise_model
from vision.twitch.noise import still_share
from vision.twitch.pooling import PlaceMotion, lay_places, pool
from vision.twitch.posture import settled
from vision.twitch.strength import (
    COMPACT_WIDTHS,
    COMPACT_WIDTHS_SKIN,
    Response,
    Widths,
    footprint_share,
    in_widths,
    respond,
    wide_frames,
)

MOST_GLANCES = 0.25  # of a film. Our choice
RAYLEIGH_95 = 2.448  # 95th percentile of the length of a vector of two unit normal parts
RAYLEIGH_99_BY_50 = 2.9  # 99th percentile ÷ median of real, quiet clips; 2.58 for normal parts. Our choice


@dataclass(frozen=True, eq=False)
class Survey:
    """All that was looked at: settled motion of every footprint, responses, and the frames that count.

    usable : (T,) quiet frames, in which a single movement stands for itself. tracked : (T,) those, and the frames of
    blinks and of wide movement, in which a known place may still be seen to twitch. in_view : (T,) frames that show
    the part. cover : frames of known movements. unrest : (T,) by how much all places move more than usual.
    still : share of places that rest whatever twitches. point_px : (N, 2) and valid : (T, N) of the points that were
        pooled, gaps bridged: what was not valid is no motion of the skin's. swallows : (N,) which swallowing lifts.
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
    point_px: FloatArray
    valid: BoolArray
    swallows: BoolArray

    @property
    def tails(self) -> tuple[tuple[FloatArray, float], ...]:
        """Of each response: (P,) scale of the lengths of its vectors; how much heavier than normal their tails are."""
        return tuple(
            (np.maximum(1.0, high / RAYLEIGH_95), tail_weight(middle, far, self.still))
            for middle, high, far in (response.lengths for response in self.responses)
        )


def footprint_sigmas(signals: MotionSignals, settings: DetectionSettings) -> list[float]:
    """Widths of the footprints to look for, native pixels."""
    if signals.scale_px is not None:
        return [share * signals.scale_px for share in settings.footprint_sigma_iod]
    longer_side = float(np.ptp(signals.point_px, axis=0).max())
    return [share * longer_side for share in settings.footprint_sigma_side]


def survey(
    signals: MotionSignals, cleaned: Cleaned, cover: Cover, swallows: BoolArray, settings: DetectionSettings
) -> Survey:
    """Filter every place for twitches of every size and duration.

    Parameters
    ----------
    cover : frames that blinks and the mouth spoil.
    swallows : (N,) points that swallowing lifts.
    """
    time_s, usable = signals.time_s, cleaned.usable & ~cover.frames
    interval_s = float(np.median(np.diff(time_s)))
    motions = place_motions(signals, cleaned, cover.mouth, settings)
    still = still_share(footprint_share(len(motions[-1].centre_px)))

    def looked_at(motion: PlaceMotion, quiet: BoolArray) -> Widths:
        noise = noise_model(motion, quiet, settings)
        return in_widths(motion, Filter(settings.rise_s[0], noise, usable, quiet, interval_s, settings), still)

    first = [looked_at(motion, usable) for motion in motions]
    wide, unrest = moved_as_whole(first, time_s, settings, is_skin=signals.scale_px is None)
    quiet = usable & ~wide
    # A lid that eyes drag along would set its place's noise; of restless eyes too much of the film would be left out.
    if cover.glances.mean() < MOST_GLANCES:
        quiet &= ~cover.glances
    quiet = quiet if quiet.any() else usable  # where all moves as a whole throughout, that is what is usual
    told_already = first if np.array_equal(quiet, usable) else []
    del first
    responses = []
    for motion in motions:  # what was filtered is, of a long film, the most by far: each is let go before the next
        sizes = told_already.pop(0) if told_already else looked_at(motion, quiet)
        sought = sizes.sought
        responses.append(respond(sizes, wide, time_s))
        for rise_s in settings.rise_s[1:]:
            del sizes
            sizes = in_widths(motion, replace(sought, rise_s=rise_s), still)
            responses.append(respond(sizes, wide, time_s))
        del sizes
    return Survey(
        motions, tuple(responses), quiet, wide, cleaned.usable, cleaned.in_view, cover, unrest, still,
        signals.point_px, signals.valid, swallows,
    )  # fmt: skip


def place_motions(
    signals: MotionSignals, cleaned: Cleaned, away: BoolArray, settings: DetectionSettings
) -> tuple[PlaceMotion, ...]:
    """Settled motion of all places, for each width of footprint; see `settled`."""
    found = []
    for sigma_px in footprint_sigmas(signals, settings):
        places = lay_places(signals.point_px, max(sigma_px, signals.spacing_px))
        pooled = pool(signals, cleaned.displacement_px, places, sigma_px)
        found.append(settled(pooled, cleaned, away, signals.time_s, settings))
    return tuple(found)


def moved_as_whole(
    sizes: list[Widths], time_s: FloatArray, settings: DetectionSettings, *, is_skin: bool
) -> tuple[BoolArray, FloatArray]:
    """(T,) frames in which most widths of footprint see the whole part move, and the (T,) unrest of all places.

    Through a large footprint alone, one strong twitch may look wide.
    """
    compact_px = (COMPACT_WIDTHS_SKIN if is_skin else COMPACT_WIDTHS) * sizes[-1].motion.sigma_px
    votes = np.sum([wide_frames(one, compact_px, time_s, settings) for one in sizes], axis=0)
    return votes > len(sizes) / 2, np.max([np.ones(len(time_s)), *(one.unrest for one in sizes)], axis=0)


def tail_weight(middle: FloatArray, far: FloatArray, still: float = 0.5) -> float:
    """How much heavier than normal the tails of vector lengths are, 1 or more: of the places at rest, the worst.

    Parameters
    ----------
    middle, far : (P,) median and 99th percentile of the lengths at each place. still : share of places that rest; half
        of all makes it the typical place.
    """
    return max(1.0, float(np.quantile(far / np.maximum(middle, 1e-9), still)) / RAYLEIGH_99_BY_50)
