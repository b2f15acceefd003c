"""How much places move without twitching: their noise, moments of unrest, and excursions the wrong way."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d

from vision.blocks import each_block
from vision.dsp import robust_sd
from vision.model.arrays import BoolArray, FloatArray

# WINDOWS, BURSTY, CLOSE_SHARE, RECOIL and PLAIN_WIDTHS were set on seven simulated close-ups: our choice.
FEWEST_WINDOWS = 4  # seconds of film; fewer have no quiet quarter
CALM_WINDOWS = 0.25  # of all windows of a second: the quiet between bursts that fill up to three quarters
BURSTY = 1.5  # × the typical place's: from which unevenness on a place is active and not merely noisy
NOISE_FLOOR = 0.5  # × median noise of all places: a place cannot be quieter by more than its texture explains
CLOSE_SHARE = 0.25  # of all places: where one footprint covers more, the film is a close-up of a twitch
EXCURSION_STRENGTH = 3.0  # what a place's own wrong-way excursions are scaled to
EXCURSION_SHARE = 0.008  # share of the samples that count as excursions: 6 of 720
TOP_SAMPLES = 4  # samples that make a place's height: one twitch has two or three at 30 frames/s
RECOIL_S = 0.45  # beside a peak: rise and fall of a twitch, and the length of the filter behind it
LARGEST_RECOIL = 0.75  # of the peak: overlapping twitches swing back by 0.3-0.5. Ours
PLAIN_WIDTHS = 10.0  # noise widths of a peak that no noise makes: only such a one has a recoil that can be told


def noise_and_calm(vector: FloatArray, frame_interval_s: float) -> tuple[FloatArray, FloatArray]:
    """(P, 2) robust widths of (T, P, 2) filtered motion, and those of its quiet seconds (the same if they are few)."""
    noise = robust_sd(vector)
    window = max(1, round(1.0 / frame_interval_s))
    count = len(vector) // window
    if count < FEWEST_WINDOWS:
        return noise, noise
    parts = np.abs(vector[: count * window]).reshape(count, window, *vector.shape[1:])
    parts.partition(((window - 1) // 2, window // 2), axis=1)
    middle = (parts[:, (window - 1) // 2] + parts[:, window // 2]) / 2
    return noise, np.quantile(middle, CALM_WINDOWS, axis=0)


def noise_at_rest(noise: FloatArray, calm: FloatArray) -> FloatArray:
    """(P, 2) noise widths, between bursts where a place has bursts; from what `noise_and_calm` gives of all places.

    A place that twitches for a third of a film would pass for noisy by its median alone. Its quiet seconds tell; they
    are believed as far as its unevenness exceeds that of the typical place, for all noise comes and goes a little.
    """
    uneven = noise / np.maximum(calm, 1e-12)
    usual = np.maximum(np.median(uneven, axis=0), 1e-12)  # 0 in a frozen picture
    noise = noise / np.maximum(1.0, uneven / (BURSTY * usual))
    return np.asarray(np.maximum(noise, NOISE_FLOOR * np.median(noise, axis=0)) + 1e-9)


def still_share(footprint_share: float) -> float:
    """Share of places that rest whatever twitches; in a close-up one twitch may move half of all and more."""
    return 0.25 if footprint_share > CLOSE_SHARE else 0.5


def unrest(vector: FloatArray, share: float = 0.5) -> FloatArray:
    """(T,) by how much even the stiller `share` of places moves more than usual; 1 in quiet moments.

    When the whole part moves, the smooth model leaves a rest everywhere; a twitch must stand out of that.
    (T, P, 2) vectors are in noise widths, whose lengths at rest have the quantiles of a Rayleigh distribution.
    """

    def of_some(frames: slice) -> FloatArray:
        return np.asarray(np.quantile(np.hypot(vector[frames, :, 0], vector[frames, :, 1]), share, axis=1))

    typical = np.concatenate(each_block(of_some, len(vector)))
    return np.asarray(np.maximum(1.0, typical / np.sqrt(-2 * np.log(1 - share))).astype(np.float32))


def excursion_scale(along: FloatArray, across: FloatArray, recoil: BoolArray, usable: BoolArray) -> FloatArray:
    """(P,) noise widths that make one unit of strength, from (T, P) motion along and across each place's direction.

    A place of a flat picture never moves: it has no noise to measure by, and its strength is 0 by any unit.
    """
    count = max(TOP_SAMPLES, round(EXCURSION_SHARE * len(along)))
    wrong_way = np.maximum(top_mean(np.where(recoil, 0.0, -along), count), top_mean(np.abs(across), count))
    scale = np.maximum(robust_sd(along[usable]), wrong_way / EXCURSION_STRENGTH)
    return np.where(scale > 0, scale, 1.0)


def recoils(along: FloatArray, level: FloatArray, frame_interval_s: float) -> BoolArray:
    """(T, P) frames in which the filter swings back behind a plain twitch, while the skin itself is still out.

    The whitened filter answers the fall of a twitch with the other sign. That is no movement the wrong way: it is
    smaller than the peak beside it, and the displacement (`level`, along the twitch's way) has not changed sides.
    """
    beside = maximum_filter1d(along, 2 * round(RECOIL_S / frame_interval_s) + 1, axis=0)
    return np.asarray((beside > PLAIN_WIDTHS) & (-along <= LARGEST_RECOIL * beside) & (level > 0))


def top_mean(values: FloatArray, count: int) -> FloatArray:
    """(P,) mean of the `count` largest of (T, P) values."""
    count = min(count, len(values))
    return np.asarray(np.partition(values, len(values) - count, axis=0)[len(values) - count :].mean(0))
