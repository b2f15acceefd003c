"""How much every place stands out as one where twitches live.

A twitch goes one way and comes back; noise, drift and shared movement go all ways. So the scale of a place is the
largest of its robust noise and of its excursions in the opposite and the perpendicular directions: heavy tails
raise the bar where they live, without a model of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from vision.blocks import columns_at_once, each_block
from vision.dsp import quantiles
from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.settings import DetectionSettings
from vision.twitch.filtering import Filter
from vision.twitch.noise import TOP_SAMPLES, excursion_scale, noise_and_calm, noise_at_rest, recoils, top_mean, unrest
from vision.twitch.pooling import SPACING_SIGMA, PlaceMotion

SINGLE_SHARE = 0.8  # a single twitch counts with this share of its height
MOVING_WIDTHS, MOVING_SHARE = 4.0, 0.35  # noise widths, and share of the largest, from which a place moves
# Rms distance ÷ the largest footprint looked for, up to which what moves is one twitch: a Gaussian has 0.8 of its own
# width above 0.35 of its height, an oblong one 1.0. In a close-up of skin a muscle is wider than any footprint looked
# for; twitches of 8 px, 2.2 times as wide, passed for movements of the camera (simulated).
COMPACT_WIDTHS, COMPACT_WIDTHS_SKIN = 1.3, 2.2
MOST_SHARE = 0.6  # of all places; nothing is beside it that could show that the part rests
FRAMES_AT_ONCE = 512  # bounds the memory of a long clip
LENGTH_SHARES = (0.5, 0.95, 0.99)  # quantiles by which the tails of a place are told


@dataclass(frozen=True, eq=False)
class Widths:
    """Filtered motion of all places of one footprint, while it is looked at: see `Response`, which keeps what it told.

    vector : (T, P, 2) in noise widths.
    """

    motion: PlaceMotion
    sought: Filter
    vector: FloatArray
    noise: FloatArray
    unrest: FloatArray


@dataclass(frozen=True, eq=False)
class Response:
    """How the places of one footprint answer to one filter, in noise widths.

    noise : (P, 2) px-like widths that the filter's output is divided by. unrest : (T,) that, too.
    direction : (P, 2) unit vector, along which each place's twitches would go. scale : (P,) noise widths that make one
    unit of strength. strength : (P,). repeated : (P,) strength that so many of its peaks have as make a site.
    lengths : (3, P) `LENGTH_SHARES` quantiles of the lengths of its vectors in quiet frames. largest : (P,) of all
    frames. wide_level : (T,) see `wide_level`.

    Notes
    -----
    The filtered motion itself is not kept: of a long film it would be the most by far, and few places of it are
    asked for again. It is made anew for those, the same to the last bit.
    """

    motion: PlaceMotion
    sought: Filter
    noise: FloatArray
    unrest: FloatArray
    direction: FloatArray
    scale: FloatArray
    strength: FloatArray
    repeated: FloatArray
    lengths: FloatArray
    largest: FloatArray
    wide_level: FloatArray

    def vector(self, places: IntArray) -> FloatArray:
        """(T, K, 2) filtered motion of K places, in noise widths."""
        found = self.sought(self.motion.displacement_px[:, places])
        return np.asarray(found / self.noise[places].astype(np.float32) / self.unrest[:, None, None])

    def vector_at(self, frame: int, places: IntArray) -> FloatArray:
        """(K, 2) the same at one frame."""
        before, after = self.sought.reach
        start = max(0, frame - before)
        found = self.sought(self.motion.displacement_px[start : frame + after + 1, places], start)[frame - start]
        return np.asarray(found / self.noise[places].astype(np.float32) / self.unrest[frame])

    def along(self, place: int) -> FloatArray:
        """(T,) strength at one place."""
        return np.asarray(self.vector(np.array([place]))[:, 0] @ self.direction[place] / self.scale[place])


def in_widths(motion: PlaceMotion, sought: Filter, still: float) -> Widths:
    """Filter settled motion.

    Parameters
    ----------
    still : share of places that rest, see `still_share`.
    """
    vector = np.empty_like(motion.displacement_px)

    def look(own: slice) -> tuple[FloatArray, FloatArray]:
        vector[:, own] = sought(motion.displacement_px[:, own])
        return noise_and_calm(vector[sought.quiet, own], sought.frame_interval_s)

    widths = each_block(look, len(motion.centre_px), columns_at_once(len(vector)))
    noise = noise_at_rest(*(np.concatenate(part) for part in zip(*widths, strict=True)))
    vector /= noise.astype(np.float32)
    restless = unrest(vector, still)
    vector /= restless[:, None, None]
    return Widths(motion, sought, vector, noise, restless)


def respond(sizes: Widths, wide: BoolArray, time_s: FloatArray) -> Response:
    """Say how much each place stands out, by its motion in quiet frames; `wide` (T,) are those of the whole part."""
    parts = each_block(lambda own: _told(sizes, own), len(sizes.noise), columns_at_once(len(time_s)))
    direction, scale, strength, repeated, lengths, largest = (
        np.concatenate(part, axis=-1) for part in zip(*parts, strict=True)
    )
    return Response(
        sizes.motion, sizes.sought, sizes.noise, sizes.unrest, direction.T, scale, strength, repeated, lengths, largest,
        wide_level(sizes, wide, time_s),
    )  # fmt: skip


def _told(sizes: Widths, own: slice) -> tuple[FloatArray, ...]:
    """Of some places: directions (2, P), scale, strength, repeated; quantiles of their lengths, and the largest."""
    vector, quiet = sizes.vector[:, own], sizes.sought.quiet
    calm = vector * quiet[:, None, None]
    direction = preferred_direction(calm)
    along = _along(calm, direction)
    across = _along(calm, direction[:, ::-1] * np.array([-1.0, 1.0]))
    level = _along(sizes.motion.displacement_px[:, own], direction * sizes.noise[own])
    recoil = recoils(along * sizes.unrest[:, None], level, sizes.sought.frame_interval_s)
    scale = excursion_scale(along, across, recoil, quiet)
    strength = np.maximum(top_mean(along, TOP_SAMPLES), SINGLE_SHARE * along.max(0)) / scale
    size = np.hypot(vector[..., 0], vector[..., 1])
    lengths = quantiles(size[quiet], LENGTH_SHARES)
    repeated = _peak_of_rank(along, sizes.sought.settings.repeat_count) / scale
    return direction.T, scale, strength, repeated, lengths, size.max(0)


def _peak_of_rank(along: FloatArray, rank: int) -> FloatArray:
    """(P,) height of the so-and-so highest local maximum of (T, P) values; 0 where there are fewer above it."""
    if rank > len(along) - 2:
        return np.zeros(along.shape[1])
    inner = (along[1:-1] >= along[:-2]) & (along[1:-1] > along[2:])
    heights = np.where(inner, along[1:-1], 0.0)
    return np.asarray(np.maximum(np.partition(heights, len(heights) - rank, axis=0)[len(heights) - rank], 0.0))


def footprint_share(place_count: int) -> float:
    """Share of all places that one twitch moves, of the width that they pool: an area above `MOVING_SHARE`, doubled."""
    return float(2 * np.pi * np.log(1 / MOVING_SHARE) * 2 * SPACING_SIGMA**-2 / place_count)


def wide_frames(sizes: Widths, compact_px: float, time_s: FloatArray, settings: DetectionSettings) -> BoolArray:
    """(T,) frames in which too many places move at once, too far apart, for it to be a twitch.

    A place counts as moving above 4 noise widths and 0.35 of the largest. A footprint as large as the places pool
    covers ``2 pi ln(1 / 0.35)`` of its squared width; half as much again is allowed, and `wide_share` in any case.
    What covers more may still be one large twitch, as in a close-up: then the moving places lie together.

    Parameters
    ----------
    compact_px : rms distance up to which what moves is one twitch.
    """
    parts = each_block(lambda own: _moves_wide(sizes, own, compact_px, settings), len(time_s), FRAMES_AT_ONCE)
    wide = np.concatenate([np.zeros(0, bool), *parts])
    return grow(wide, time_s, settings.wide_margin_s)


def _moves_wide(sizes: Widths, frames: slice, compact_px: float, settings: DetectionSettings) -> BoolArray:
    """`wide_frames` of some frames, without what lies around them."""
    vector = sizes.vector[frames]
    size = np.hypot(vector[..., 0], vector[..., 1]) * sizes.unrest[frames, None]
    moving = size > np.maximum(MOVING_WIDTHS, MOVING_SHARE * size.max(1, keepdims=True))
    share = moving.mean(1)
    spread_px = _spread_px(np.asarray(np.where(moving, size, 0.0) ** 2), sizes.motion.centre_px)
    is_apart = (spread_px > compact_px) | (share > MOST_SHARE)
    wide = (share > max(settings.wide_share, 1.5 * footprint_share(size.shape[1]))) & is_apart
    return np.asarray(wide & (size.max(1) > settings.single_strength))  # what is smaller passes for no twitch anyway


def wide_level(sizes: Widths, wide: BoolArray, time_s: FloatArray) -> FloatArray:
    """(T,) size that a twitch must have, at or near a movement of the whole part, not to be taken for part of it.

    The size from which it alone would count as moving, had it come at the very moment: what `wide_share` of the places
    exceed, over `MOVING_SHARE`. 0 in quiet frames.
    """
    settings, level = sizes.sought.settings, np.zeros(len(time_s))
    size = np.hypot(sizes.vector[wide, :, 0], sizes.vector[wide, :, 1]) * sizes.unrest[wide, None]
    level[wide] = np.quantile(size, 1 - settings.wide_share, axis=1) / MOVING_SHARE if len(size) else 0.0
    reach = int(np.ceil(settings.wide_margin_s / max(float(np.median(np.diff(time_s))), 1e-9)))
    return np.asarray(maximum_filter1d(level, 2 * reach + 1) * wide)


def _spread_px(weight: FloatArray, centre_px: FloatArray) -> FloatArray:
    """(T,) weighted rms distance of the places from their weighted mean."""
    total = np.maximum(weight.sum(1), 1e-12)
    mean = weight @ centre_px / total[:, None]
    square = weight @ (centre_px**2).sum(1) / total - (mean**2).sum(1)
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


def grow(flags: BoolArray, time_s: FloatArray, margin_s: float) -> BoolArray:
    """(T,) flags, and the frames within `margin_s` of one."""
    flagged = time_s[flags]
    if not len(flagged):
        return flags
    index = (
        np.clip(np.searchsorted(flagged, time_s), 1, len(flagged) - 1)
        if len(flagged) > 1
        else np.zeros(len(time_s), int)
    )
    before = np.abs(time_s - flagged[np.maximum(index - 1, 0)])
    return np.asarray(np.minimum(before, np.abs(time_s - flagged[index])) <= margin_s + 1e-9)


def closed(flags: BoolArray, time_s: FloatArray, margin_s: float) -> BoolArray:
    """(T,) flags, and the pauses between them that are shorter than twice `margin_s`."""
    wide = grow(flags, time_s, margin_s)
    return np.asarray(wide & ~grow(~wide, time_s, margin_s) | flags)


def preferred_direction(vector: FloatArray) -> FloatArray:
    """(P, 2) unit vectors to which the largest of (T, P, 2) vectors point: the third moment, then its own peaks."""
    size = np.hypot(vector[..., 0], vector[..., 1])
    guess = _unit(_total(np.square(size), vector))
    for _ in range(2):
        along = np.maximum(_along(vector, guess), 0.0)
        peaks = along * (along > 0.6 * along.max(0))
        guess = _unit(_total(peaks, vector))
    return guess


def _along(vector: FloatArray, direction: FloatArray) -> FloatArray:
    """(T, P) parts of (T, P, 2) vectors along (P, 2) directions; einsum says the same, several times as slowly."""
    return np.asarray(vector[..., 0] * direction[:, 0] + vector[..., 1] * direction[:, 1])


def _total(weight: FloatArray, vector: FloatArray) -> FloatArray:
    """(P, 2) sum over time of (T, P, 2) vectors by (T, P) weight; the same of einsum."""
    return np.stack([(weight * vector[..., axis]).sum(0) for axis in (0, 1)], 1)


def _unit(vector: FloatArray) -> FloatArray:
    length = np.hypot(vector[:, 0], vector[:, 1])[:, None]
    return np.asarray(np.where(length > 0, vector / np.maximum(length, 1e-12), [1.0, 0.0]))
