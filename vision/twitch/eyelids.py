"""Eye closures, blinks among them: found in the opening of the lids, and never thrown away.

Only a brief closure of both eyes at an ordinary rate is a blink. One-sided, long, clustered or very frequent closures
are findings (docs/method.md: closures that were not conjugate, doi:10.1007/s00417-019-04567-w).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vision.model.arrays import BoolArray, FloatArray, require_increasing, require_shape
from vision.model.events import EyeClosureEvent
from vision.model.features import EyeClosure
from vision.model.regions import Side
from vision.settings import FeatureSettings

KNOT_S = 1.0  # the open level is computed once a second and drawn straight between: lids tire slowly
MAD_TO_SD = 1.4826  # of a normal distribution
GLOBAL_FLOOR = 0.6  # share of the clip's own open level below which a window is shut, not narrow; ours, unvalidated


@dataclass(frozen=True)
class _Dip:
    """One eye coming down: half-depth times, the deepest sample and how deep (share of the open level)."""

    eye: int
    onset_s: float
    peak_s: float
    offset_s: float
    depth: float


def find_closures(
    time_s: FloatArray,
    aperture: FloatArray,
    settings: FeatureSettings,
    *,
    sides: tuple[Side | None, Side | None] = ("right", "left"),
) -> tuple[EyeClosureEvent, ...]:
    """Find every closure of the eyes.

    Parameters
    ----------
    time_s : (T,) seconds, strictly increasing.
    aperture : (T, 2) lid distance ÷ eye width of two eyes; NaN where not seen.
    sides : the patient's side of each column, None where unknown.

    Returns
    -------
    In order of onset. Times are those at half depth. `sides` names the eyes that took part, and is empty where the
    other eye was not seen at that time (nothing says then whether it closed too) or its side is unknown. `is_blink` is
    True for a brief closure of both eyes, or of the only eye in view, outside of clusters and at an ordinary rate.

    Raises
    ------
    ShapeError
        The arrays do not fit, or time does not increase.
    """
    require_shape("time_s", time_s, (None,))
    require_shape("aperture", aperture, (len(time_s), 2))
    require_increasing("time_s", time_s)
    drop = np.column_stack([_relative_drop(time_s, aperture[:, eye], settings) for eye in (0, 1)])
    dips = sorted(
        (dip for eye in (0, 1) for dip in _dips(time_s, drop[:, eye], eye, settings)), key=lambda dip: dip.onset_s
    )
    closures = [_closure(group, time_s, drop, settings, sides) for group in _both_eyes(dips)]
    seen_s = _seen_s(time_s, drop)
    return _without_unusual_blinks(closures, seen_s, settings)


def open_level(time_s: FloatArray, aperture: FloatArray, settings: FeatureSettings) -> FloatArray:
    """Follow how far one eye is open when it is open: an upper quantile of its aperture in a moving window.

    Returns
    -------
    (T,) same unit as `aperture`; NaN where nothing was seen nearby or the eye never opened.
    """
    seen = np.isfinite(aperture)
    if not seen.any():
        return np.full(len(time_s), np.nan)
    shut_below = max(
        settings.smallest_open_aperture,
        GLOBAL_FLOOR * float(np.quantile(aperture[seen], settings.open_level_quantile)),
    )
    times, values = time_s[seen], aperture[seen]
    knots_s = np.arange(times[0], times[-1] + KNOT_S, KNOT_S)
    first = np.searchsorted(times, knots_s - settings.open_level_window_s / 2)
    last = np.searchsorted(times, knots_s + settings.open_level_window_s / 2, side="right")
    level = np.full(len(knots_s), np.nan)
    for i, (a, b) in enumerate(zip(first, last, strict=True)):
        if b > a:
            level[i] = np.quantile(values[a:b], settings.open_level_quantile)
    known = np.nan_to_num(level) >= shut_below
    if not known.any():
        return np.full(len(time_s), np.nan)
    return np.interp(time_s, knots_s[known], level[known])


def _relative_drop(time_s: FloatArray, aperture: FloatArray, settings: FeatureSettings) -> FloatArray:
    """(T,) 0 for open, 1 for shut; NaN where not seen. Drops within the noise of the landmarks are 0."""
    level = open_level(time_s, aperture, settings)
    drop = 1.0 - aperture / level
    seen = np.isfinite(drop)
    if not seen.any():
        return np.full(len(time_s), np.nan)
    noise = MAD_TO_SD * float(np.median(np.abs(drop[seen] - np.median(drop[seen]))))
    # An eye that is shut half of the time looks like noise: no noise hides a complete closure.
    within = min(settings.closure_noise_sd * noise, settings.complete_depth)
    clipped = np.clip(drop, 0.0, 1.0)  # keeps NaN: not seen is not open
    return np.where(clipped < within, 0.0, clipped)


def _dips(time_s: FloatArray, drop: FloatArray, eye: int, settings: FeatureSettings) -> list[_Dip]:
    """Find where one eye comes down far enough; openings shorter than the refractory time do not part dips."""
    runs = _true_runs(np.nan_to_num(drop, nan=0.0) > settings.closure_depth)
    joined: list[tuple[int, int]] = []
    for a, b in runs:
        if joined and time_s[a] - time_s[joined[-1][1] - 1] < settings.closure_refractory_s:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return [_dip(time_s, drop, eye, a, b) for a, b in joined]


def _dip(time_s: FloatArray, drop: FloatArray, eye: int, first: int, last: int) -> _Dip:
    deepest = first + int(np.nanargmax(drop[first:last]))
    depth = float(drop[deepest])
    onset_s = _crossing_s(time_s, drop, first, -1, depth / 2)
    offset_s = _crossing_s(time_s, drop, last - 1, 1, depth / 2)
    return _Dip(eye, onset_s, float(time_s[deepest]), offset_s, depth)


def _crossing_s(time_s: FloatArray, drop: FloatArray, start: int, step: int, level: float) -> float:
    """Walk outwards until the drop falls below `level`, and interpolate; unseen samples and the clip's ends stop it."""
    i = start
    while 0 <= i + step < len(drop) and drop[i + step] > level:
        i += step
    j = i + step
    if not 0 <= j < len(drop) or not np.isfinite(drop[j]) or drop[i] <= level:
        return float(time_s[i])
    return float(np.interp(level, [drop[j], drop[i]], [time_s[j], time_s[i]]))


def _true_runs(flags: BoolArray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _both_eyes(dips: list[_Dip]) -> list[list[_Dip]]:
    """Put dips that overlap in time together."""
    groups: list[list[_Dip]] = []
    for dip in dips:
        if groups and dip.onset_s < max(d.offset_s for d in groups[-1]):
            groups[-1].append(dip)
        else:
            groups.append([dip])
    return groups


def _closure(
    dips: list[_Dip],
    time_s: FloatArray,
    drop: FloatArray,
    settings: FeatureSettings,
    sides: tuple[Side | None, Side | None],
) -> EyeClosureEvent:
    main = max(dips, key=lambda dip: dip.depth)
    onset_s, offset_s = min(dip.onset_s for dip in dips), max(dip.offset_s for dip in dips)
    other = drop[(time_s >= onset_s) & (time_s <= offset_s), 1 - main.eye]
    other_seen = bool(np.isfinite(other).any())
    both = len({dip.eye for dip in dips}) == 2 or (other_seen and np.nanmax(other) >= settings.partner_depth)
    eyes = (0, 1) if both else (main.eye,) if other_seen else ()
    brief = offset_s - onset_s <= settings.longest_blink_s
    return EyeClosureEvent(
        onset_s=onset_s,
        peak_s=main.peak_s,
        offset_s=offset_s,
        sides=tuple(side for eye in eyes if (side := sides[eye]) is not None),
        is_complete=main.depth >= settings.complete_depth,
        is_blink=brief and (both or not other_seen),
    )


def _seen_s(time_s: FloatArray, drop: FloatArray) -> float:
    """Time for which an eye was seen."""
    seen = np.isfinite(drop).any(axis=1)
    return float(np.sum(np.diff(time_s)[seen[:-1]])) if len(time_s) > 1 else 0.0


def _without_unusual_blinks(
    closures: list[EyeClosureEvent], seen_s: float, settings: FeatureSettings
) -> tuple[EyeClosureEvent, ...]:
    """Take the name of blink from closures in clusters, and from all where they come too often."""
    clustered = _clustered([closure.onset_s for closure in closures], settings)
    frequent = _is_frequent(len(closures), seen_s, settings)
    return tuple(
        replace(closure, is_blink=closure.is_blink and not frequent and i not in clustered)
        for i, closure in enumerate(closures)
    )


def _clustered(onset_s: list[float], settings: FeatureSettings) -> set[int]:
    """Indices of closures that stand among ``cluster_closure_count`` within ``cluster_window_s``."""
    span = settings.cluster_closure_count - 1
    starts = [i for i in range(len(onset_s) - span) if onset_s[i + span] - onset_s[i] <= settings.cluster_window_s]
    return {j for i in starts for j in range(i, i + span + 1)}


def _is_frequent(count: int, seen_s: float, settings: FeatureSettings) -> bool:
    watched = seen_s >= settings.frequent_closure_watch_s
    return watched and 60.0 * count / seen_s > settings.frequent_closures_per_min


def measure_eye_closure(
    closures: tuple[EyeClosureEvent, ...], observed_s: float | None, settings: FeatureSettings, *, eye_seen: bool
) -> EyeClosure:
    """Count the closures, blinks included, and say whether they are a finding.

    Parameters
    ----------
    observed_s : time for which an eye was seen; None or 0 leaves `per_min` None.
    eye_seen : False where no eye was in view: every figure is then None, for none was measured.
    """
    if not eye_seen:
        return EyeClosure(None, None, None, None, None)
    ordered = sorted(closures, key=lambda closure: closure.onset_s)
    reasons = _findings(ordered, observed_s or 0.0, settings)
    return EyeClosure(
        count=len(ordered),
        per_min=60.0 * len(ordered) / observed_s if observed_s else None,
        complete_count=sum(closure.is_complete for closure in ordered),
        one_sided_count=sum(_is_one_sided(closure) for closure in ordered),
        longest_s=max((closure.offset_s - closure.onset_s for closure in ordered), default=None),
        is_finding=bool(reasons),
        reason="; ".join(reasons) or None,
    )


def _is_one_sided(closure: EyeClosureEvent) -> bool:
    return len(closure.sides) == 1 and not closure.is_blink


def _findings(closures: list[EyeClosureEvent], observed_s: float, settings: FeatureSettings) -> list[str]:
    """Say in words what is unusual about the closures."""
    one_sided = [closure.sides[0] for closure in closures if _is_one_sided(closure)]
    long_s = [c.offset_s - c.onset_s for c in closures if c.offset_s - c.onset_s > settings.long_closure_s]
    clustered = _clustered([closure.onset_s for closure in closures], settings)
    found = []
    if one_sided:
        eyes = " and ".join(sorted(set(one_sided)))
        found.append(f"{len(one_sided)} closure(s) of one eye alone ({eyes})")
    if long_s:
        found.append(f"{len(long_s)} closure(s) longer than {settings.long_closure_s:g} s, up to {max(long_s):.1f} s")
    if clustered:
        found.append(
            f"{len(clustered)} closures in clusters of {settings.cluster_closure_count} or more "
            f"within {settings.cluster_window_s:g} s"
        )
    if _is_frequent(len(closures), observed_s, settings):
        rate = 60.0 * len(closures) / observed_s
        found.append(f"{rate:.0f} closures a minute, above {settings.frequent_closures_per_min:g}")
    return found
