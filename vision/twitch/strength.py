"""How much every place stands out as one where twitches live.

A twitch goes one way and comes back; noise, drift and shared movement go all ways. So the scale of a place is the
largest of its robust noise and of its excursions in the opposite and the perpendicular directions: heavy tails
raise the bar where they live, without a model of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from vision.dsp import (
    blocks,
    fit_autoregression,
    matched_filter,
    robust_sd,
    running_quantile,
    twitch_waveform,
    whiten,
)
from vision.model.arrays import BoolArray, FloatArray
from vision.settings import DetectionSettings
from vision.twitch.cleaning import Cleaned
from vision.twitch.light import lamp_share, without_light
from vision.twitch.noise import TOP_SAMPLES, excursion_scale, noise_and_calm, noise_at_rest, recoils, top_mean, unrest
from vision.twitch.pooling import SPACING_SIGMA, PlaceMotion

SINGLE_SHARE = 0.8  # a single twitch counts with this share of its height
MOVING_WIDTHS, MOVING_SHARE = 4.0, 0.35  # noise widths, and share of the largest, from which a place moves
COMPACT_WIDTHS = 1.3  # rms distance ÷ footprint: one Gaussian has 0.8 above 0.35 of its height, an oblong one 1.0
MOST_SHARE = 0.6  # of all places; nothing is beside it that could show that the part rests
OUT_WIDTHS, FEWEST_OUT = 5.0, 8  # noise widths, and frames: what is farther out is no posture. Our choice
MOST_OUT = 0.5  # of the frames; where more are out, they are the posture
LONGER_WINDOW = 3.0  # times that of posture, of the level from which it is out: no burst fills half of it
TEMPLATE_FALL_RISES = 6.0  # length of the template in rise times; 98 % of its energy at decay 1.6


@dataclass(frozen=True, eq=False)
class Widths:
    """Matched-filter output of all places of one footprint and one rise time; see `Response`."""

    motion: PlaceMotion
    rise_s: float
    vector: FloatArray
    noise: FloatArray
    unrest: FloatArray
    coefficients: FloatArray


@dataclass(frozen=True, eq=False)
class Response:
    """Matched-filter output of all places of one footprint and one rise time, in noise widths.

    vector : (T, P, 2). direction : (P, 2) unit vector, along which each place's twitches would go.
    scale : (P,) noise widths that make one unit of strength. strength : (P,). along : (T, P) strength of each moment.
    noise : (P, 2) px-like widths that `vector` was divided by. unrest : (T,) that, too. coefficients : of the
    autoregression that whitens the motion.
    """

    motion: PlaceMotion
    rise_s: float
    vector: FloatArray
    noise: FloatArray
    direction: FloatArray
    scale: FloatArray
    strength: FloatArray
    unrest: FloatArray
    coefficients: FloatArray

    def along(self, place: int) -> FloatArray:
        """(T,) strength at one place."""
        return np.asarray(self.vector[:, place] @ self.direction[place] / self.scale[place])


def settled(motion: PlaceMotion, cleaned: Cleaned, time_s: FloatArray, settings: DetectionSettings) -> PlaceMotion:
    """Take posture and brightness out of pooled motion."""
    quick, lit = np.empty_like(motion.displacement_px), np.zeros(len(motion.centre_px))
    for own in blocks(len(motion.centre_px)):
        moved = motion.displacement_px[:, own]
        moved = (moved - posture(time_s, moved, cleaned.usable, settings.baseline_window_s)).astype(np.float32)
        lit[own] = lamp_share(moved, cleaned.light, cleaned.usable)
        quick[:, own] = without_light(moved, cleaned.light, cleaned.usable)
    return PlaceMotion(motion.centre_px, motion.sigma_px, quick, motion.bound_px, lit)


def posture(time_s: FloatArray, moved_px: FloatArray, usable: BoolArray, window_s: float) -> FloatArray:
    """(T, P, 2) level that slow movement takes, the frames of twitches left out.

    A burst of twitches that fills most of a window would lift its median; beside the burst, the skin at rest would
    then seem to move the wrong way.
    """
    flat = moved_px.reshape(len(moved_px), -1)
    known = running_quantile(time_s, flat, window_s)
    away = flat - running_quantile(time_s, flat, LONGER_WINDOW * window_s)
    out = np.abs(away) > OUT_WIDTHS * robust_sd(away[usable])
    some = np.flatnonzero((out.sum(0) >= FEWEST_OUT) & (out.mean(0) <= MOST_OUT))
    if len(some):
        bridged = flat[:, some].copy()
        for column, gone in zip(bridged.T, out[:, some].T, strict=True):
            column[gone] = np.interp(time_s[gone], time_s[~gone], column[~gone])
        known[:, some] = running_quantile(time_s, bridged, window_s)
    return known.reshape(moved_px.shape)


def in_widths(
    motion: PlaceMotion, usable: BoolArray, quiet: BoolArray, frame_interval_s: float, rise_s: float, still: float,
    settings: DetectionSettings, coefficients: FloatArray | None = None,
) -> Widths:  # fmt: skip
    """Filter settled motion for twitches of one rise time.

    Parameters
    ----------
    usable : (T,) frames that are filtered. quiet : (T,) those of them that tell noise, direction and strength; what
        moves in the others does not reach them. still : share of places that rest, see `still_share`.
    """
    coefficients = noise_model(motion, quiet, settings) if coefficients is None else coefficients
    vector, widths, loud = np.empty_like(motion.displacement_px), [], usable & ~quiet
    for own in blocks(len(motion.centre_px)):
        moved = motion.displacement_px[:, own]
        vector[:, own] = filtered(moved, quiet, frame_interval_s, rise_s, coefficients, settings)
        widths.append(noise_and_calm(vector[quiet, own], frame_interval_s))
        if loud.any():
            vector[loud, own] = filtered(moved, usable, frame_interval_s, rise_s, coefficients, settings)[loud]
    noise = noise_at_rest(*(np.concatenate(part) for part in zip(*widths, strict=True)))
    vector /= noise.astype(np.float32)
    restless = unrest(vector, still)
    vector /= restless[:, None, None]
    return Widths(motion, rise_s, vector, noise, restless, coefficients)


def respond(sizes: Widths, quiet: BoolArray, frame_interval_s: float) -> Response:
    """Say how much each place stands out, by its motion in (T,) quiet frames."""
    parts = [_told(sizes, own, quiet, frame_interval_s) for own in blocks(len(sizes.noise))]
    direction, scale, strength = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Response(
        sizes.motion, sizes.rise_s, sizes.vector, sizes.noise, direction, scale, strength, sizes.unrest,
        sizes.coefficients,
    )  # fmt: skip


def _told(
    sizes: Widths, own: slice, quiet: BoolArray, frame_interval_s: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Direction, scale and strength of some places."""
    calm = sizes.vector[:, own] * quiet[:, None, None]
    direction = preferred_direction(calm)
    along = _along(calm, direction)
    across = _along(calm, direction[:, ::-1] * np.array([-1.0, 1.0]))
    level = _along(sizes.motion.displacement_px[:, own], direction * sizes.noise[own])
    recoil = recoils(along * sizes.unrest[:, None], level, frame_interval_s)
    scale = excursion_scale(along, across, recoil, quiet)
    return direction, scale, np.maximum(top_mean(along, TOP_SAMPLES), SINGLE_SHARE * along.max(0)) / scale


def footprint_share(place_count: int) -> float:
    """Share of all places that one twitch moves, of the width that they pool: an area above `MOVING_SHARE`, doubled."""
    return float(2 * np.pi * np.log(1 / MOVING_SHARE) * 2 * SPACING_SIGMA**-2 / place_count)


def wide_frames(response: Widths, widest_px: float, time_s: FloatArray, settings: DetectionSettings) -> BoolArray:
    """(T,) frames in which too many places move at once, too far apart, for it to be a twitch.

    A place counts as moving above 4 noise widths and 0.35 of the largest. A footprint as large as the places pool
    covers ``2 pi ln(1 / 0.35)`` of its squared width; half as much again is allowed, and `wide_share` in any case.
    What covers more may still be one large twitch, as in a close-up: then the moving places lie together.

    Parameters
    ----------
    widest_px : width of the largest footprint that is looked for.
    """
    size = np.hypot(response.vector[..., 0], response.vector[..., 1]) * response.unrest[:, None]
    moving = size > np.maximum(MOVING_WIDTHS, MOVING_SHARE * size.max(1, keepdims=True))
    share = moving.mean(1)
    one_footprint = footprint_share(size.shape[1])
    spread_px = _spread_px(np.asarray(np.where(moving, size, 0.0) ** 2), response.motion.centre_px)
    is_apart = (spread_px > COMPACT_WIDTHS * widest_px) | (share > MOST_SHARE)
    wide = (share > max(settings.wide_share, 1.5 * one_footprint)) & is_apart
    wide &= size.max(1) > settings.single_strength  # what is smaller passes for no twitch anyway
    return grow(wide, time_s, settings.wide_margin_s)


def wide_level(response: Response, wide: BoolArray, time_s: FloatArray, settings: DetectionSettings) -> FloatArray:
    """(T,) size that a twitch must have, at or near a movement of the whole part, not to be taken for part of it.

    The size from which it alone would count as moving, had it come at the very moment: what `wide_share` of the places
    exceed, over `MOVING_SHARE`. 0 in quiet frames.
    """
    level = np.zeros(len(time_s))
    size = np.hypot(response.vector[wide, :, 0], response.vector[wide, :, 1]) * response.unrest[wide, None]
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


def noise_model(motion: PlaceMotion, usable: BoolArray, settings: DetectionSettings) -> FloatArray:
    """Coefficients of the autoregression that all places share."""
    flat = motion.displacement_px.reshape(len(motion.displacement_px), -1)
    return fit_autoregression(flat, settings.noise_order, usable)


def filtered(
    displacement_px: FloatArray, usable: BoolArray, frame_interval_s: float, rise_s: float, coefficients: FloatArray,
    settings: DetectionSettings,
) -> FloatArray:  # fmt: skip
    """Whiten in time, then correlate with the whitened twitch."""
    flat = displacement_px.reshape(len(displacement_px), -1)
    before = int(np.ceil(rise_s / frame_interval_s))
    after = int(np.ceil(TEMPLATE_FALL_RISES * rise_s / frame_interval_s))
    times = np.arange(-before, after + 1) * frame_interval_s
    template = np.convolve(twitch_waveform(times, -rise_s, rise_s, settings.decay), np.r_[1.0, -coefficients])
    innovations = whiten(flat, coefficients) * usable[:, None]
    return matched_filter(innovations, usable, template, before).reshape(displacement_px.shape)


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
