"""What both sides of a face do alike: eyes that turn, lids that follow them, a mouth that smiles. Twitches do not."""

from __future__ import annotations

import numpy as np

from vision.dsp import column_medians, robust_sd, running_quantile
from vision.model.arrays import BoolArray, FloatArray
from vision.model.regions import RegionName, RegionTrack
from vision.model.signals import MotionSignals

LEVEL_S = 0.3  # over which a level is taken: of a twitch half to four fifths are left. Our choice
NOISE_WIDTHS = 6.0  # from which both sides are believed to have gone. Our choice, as are the next two
RESTLESS = 2.0  # × the tremble of one side against the other, at most, is tremble of both
LEAST_SHARED = 0.5  # of one side's way, that the other must take part by


def sides_px(signals: MotionSignals, regions: RegionTrack, name: RegionName) -> FloatArray:
    """(T, 2, 2) how far the right and the left region of a name are displaced, away from the nose and down.

    NaN where one is not seen.
    """
    sides = np.full((len(signals.time_s), 2, 2), np.nan)
    points: list[BoolArray] = []
    for number, side in enumerate(("right", "left")):
        named = [one == (name, side) for one in zip(regions.names, regions.sides, strict=True)]
        points.append(np.isin(signals.region_of_point, np.flatnonzero(named)))
        if points[-1].any():
            sides[:, number] = column_medians(signals.displacement_px[:, points[-1]].transpose(1, 0, 2))
    if not all(own.any() for own in points):
        return np.full_like(sides, np.nan)
    right_px, left_px = (float(signals.point_px[own, 0].mean()) for own in points)
    outward = np.sign(left_px - right_px) or 1.0  # a mirrored film turns sides round
    sides[..., 0] *= np.array([-outward, outward])
    return sides


def filled(time_s: FloatArray, values: FloatArray, shut: BoolArray) -> FloatArray | None:
    """(T, K) values, straight across closures and gaps; None where a column has next to nothing."""
    seen = np.isfinite(values) & ~shut[:, None]
    if (seen.sum(0) < 2).any():
        return None
    columns = zip(seen.T, values.T, strict=True)
    return np.stack([np.interp(time_s, time_s[own], column[own]) for own, column in columns], 1)


def level_of(time_s: FloatArray, values: FloatArray, window_s: float = LEVEL_S) -> FloatArray:
    """(T, K) level of (T, K) values, without what lasts for less than half of a window."""
    return running_quantile(time_s, values, window_s)


def face_width_px(regions: RegionTrack) -> float:
    """Typical distance between the outer eye corners; NaN where there is no face."""
    return float(column_medians(regions.scale_px[:, None])[0])


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
