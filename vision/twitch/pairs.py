"""What both sides of a face do alike: eyes that turn, lids that follow them, a mouth that smiles. Twitches do not."""

from __future__ import annotations

import numpy as np

from vision.dsp import column_medians, robust_sd, running_quantile
from vision.model.arrays import BoolArray, FloatArray
from vision.model.regions import RegionName, RegionTrack
from vision.model.signals import MotionSignals

LEVEL_S = 0.3  # over which a level is taken: a twitch is over by then. Our choice
NOISE_WIDTHS = 6.0  # from which both sides are believed to have gone. Our choice, as are the next two
RESTLESS = 2.0  # × the tremble of one side against the other, at most, is tremble of both
LEAST_SHARED = 0.5  # of one side's way, that the other must take part by


def sides_px(signals: MotionSignals, regions: RegionTrack, name: RegionName) -> FloatArray:
    """(T, 2, 2) how far the right and the left region of a name are displaced, away from the nose and down.

    NaN where one is not seen.
    """
    sides = np.full((len(signals.time_s), 2, 2), np.nan)
    for index, (own_name, side) in enumerate(zip(regions.names, regions.sides, strict=True)):
        own = signals.region_of_point == index
        if own_name == name and side in ("right", "left") and own.any():
            middle = column_medians(signals.displacement_px[:, own].transpose(1, 0, 2))
            sides[:, int(side == "left")] = middle * (_outward(signals, own), 1.0)
    return sides


def _outward(signals: MotionSignals, own: BoolArray) -> float:
    """1 for a region on the picture's right, -1 on its left: a mirrored film turns sides round."""
    return float(np.sign(signals.point_px[own, 0].mean() - signals.point_px[:, 0].mean()) or 1.0)


def filled(time_s: FloatArray, values: FloatArray, shut: BoolArray) -> FloatArray | None:
    """(T, K) values, straight across closures and gaps; None where a column has next to nothing."""
    seen = np.isfinite(values) & ~shut[:, None]
    if (seen.sum(0) < 2).any():
        return None
    columns = zip(seen.T, values.T, strict=True)
    return np.stack([np.interp(time_s, time_s[own], column[own]) for own, column in columns], 1)


def level_of(time_s: FloatArray, values: FloatArray) -> FloatArray:
    """(T, K) level of (T, K) values, from which twitches are gone."""
    return running_quantile(time_s, values, LEVEL_S)


def common_size(right: FloatArray, left: FloatArray, least: float) -> FloatArray:
    """(T,) way that (T,) both sides go alike, in sizes that count: `least`, or what they tremble by."""
    common = together(right[:, None], left[:, None])
    noise = float(tremble((right + left)[:, None] / 2, (right - left)[:, None] / 2)[0])
    return np.asarray(np.abs(common[:, 0]) / max(least, NOISE_WIDTHS * noise, 1e-9))


def together(right: FloatArray, left: FloatArray) -> FloatArray:
    """(T, K) mean of both sides' ways, 0 where one does not go the other's way."""
    along = (right * left).sum(1)
    larger = np.maximum((right**2).sum(1), (left**2).sum(1))
    return np.where((along >= LEAST_SHARED * larger)[:, None], (right + left) / 2, 0.0)


def tremble(common: FloatArray, apart: FloatArray) -> FloatArray:
    """(K,) width of what both sides tremble by: in common, or, where these are restless, of one against the other.

    Of a single side in view, `apart` 0, the former alone.
    """
    width, against = robust_sd(common), robust_sd(apart)
    return np.where(against > 0, np.minimum(width, RESTLESS * against), width)
