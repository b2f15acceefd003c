"""Motion signals made ready for detection: gaps bridged and known, noise and light described."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from vision.blocks import columns_at_once, each_block
from vision.dsp import column_medians
from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.model.signals import MotionSignals
from vision.twitch.light import Light, light_of

FEWEST_VALID = 0.5  # share of the points a frame needs, and of the frames in view a point needs
MOST_TORN = 0.2  # of the frames in view: a point that is torn more often slips. Our choice, as are the next two
# Shares of the points that slip throughout: 0.02 in films of phones, 0.08-0.17 in starved copies, 0.34-0.39 under a
# lamp that flickers in bands; more than half where the film is not of one thing, and none can be preferred.
SLIPPING = (0.25, 0.5)
SLIPPING_PARTS = 2  # of the film, in each of which a point must slip: what leaves half way was not slipping
FEWEST_STEPS = 30  # from which the noise of a point can be told
BLOCK_POINTS = 256  # worked on at once: bounds the memory of a long clip
QUIET_QUANTILE = 1 / 3
EXCESS_RANGE = (0.5, 30.0)  # of noise power. A point much quieter than its texture allows is held still by the encoder
NEIGHBOURS = 8  # that a point of a lattice has
LARGEST_STRAIN = 0.3  # of skin between neighbouring points; facial expression reaches 0.2-0.3, our choice
LARGEST_PATCH = 12  # points across that are lost together
EVEN_STEPS = 4.9  # 97th percentile ÷ median of the steps of a point; phone films have 3.5-4.9, white noise 3.2
EDGE_FRAMES = 2  # frames after a gap that still lean on what was before it


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Signals of T frames.

    displacement_px : (T, N, 2) without gaps. in_view : (T,) enough of the points were seen.
    usable : (T,) the step from the frame before is the skin's own. light : what the brightness did meanwhile.
    information : (N, 2, 2) of each point: that of its texture, as far as its measured noise bears it out.
    starvation : 1 for a film that had bits enough, larger where an encoder holds blocks still and moves them at once.
    """

    displacement_px: FloatArray
    in_view: BoolArray
    usable: BoolArray
    light: Light
    information: FloatArray
    starvation: float = 1.0


def without_lost_points(signals: MotionSignals) -> MotionSignals:
    """Leave out the points that are seen in too few of the frames in view; where nothing is in view, none is left.

    Where the tracker slips at many, as under a lamp that flickers in bands, the rest of their motion slips, too.
    """
    in_view = _in_view(signals)
    kept = np.zeros(signals.valid.shape[1], bool)
    if in_view.any():
        kept = signals.valid[in_view].mean(0) >= FEWEST_VALID
        slipping = _slipping(torn(signals)[in_view])
        if SLIPPING[0] * len(kept) < slipping.sum() <= SLIPPING[1] * len(kept):
            kept &= ~slipping
    if kept.all():
        return signals
    return replace(
        signals, point_px=signals.point_px[kept], region_of_point=signals.region_of_point[kept],
        displacement_px=signals.displacement_px[:, kept], noise_px=signals.noise_px[:, kept],
        valid=signals.valid[:, kept], covered=signals.covered[:, kept], structure=signals.structure[kept],
    )  # fmt: skip


def _slipping(away: BoolArray) -> BoolArray:
    """(N,) points that are torn in too many of (T, N) frames, from the film's beginning to its end."""
    parts = np.array_split(away, min(SLIPPING_PARTS, len(away)))
    return np.asarray(np.all([part.mean(0) > MOST_TORN for part in parts], axis=0))


def _in_view(signals: MotionSignals) -> BoolArray:
    """(T,) frames that show enough of the points; none does where there is no point."""
    count = signals.valid.shape[1]
    return np.asarray((signals.valid.sum(1) >= FEWEST_VALID * count) & (count > 0))


def clean(signals: MotionSignals) -> Cleaned:
    """Bridge gaps, and mark the frames whose motion is not the skin's own.

    A keyframe is coded anew, so the whole picture may jump there; the jump is left out, the frames around it are
    not, for phones write one every second.
    """
    in_view = _in_view(signals)
    displacement = _bridged(signals)
    after_gap = ~in_view
    for _ in range(EDGE_FRAMES):
        after_gap = after_gap | np.roll(after_gap, 1) & (np.arange(len(after_gap)) > 0)
    usable = in_view & ~after_gap & ~signals.is_keyframe
    information = borne_out(signals.structure, displacement, usable)
    return Cleaned(displacement, in_view, usable, light_of(signals), information, starvation(displacement, usable))


def borne_out(structure: FloatArray, displacement_px: FloatArray, usable: BoolArray) -> FloatArray:
    """(N, 2, 2) information of points whose noise is known: the texture's, divided by the noise in excess of it.

    Compression, gloss and hair make some points noisier than their texture says. Steps from frame to frame show the
    noise; their lower third is taken, so that movement, even lasting one, does not count as noise.
    """
    both = usable[1:] & usable[:-1]
    if both.sum() < FEWEST_STEPS:
        return structure
    measured = _step_quantiles(displacement_px, both, [QUIET_QUANTILE])[0] ** 2
    expected = np.diagonal(np.linalg.inv(structure + 1e-9 * np.eye(2)), axis1=1, axis2=2)
    excess = (measured / expected).mean(1)
    excess = excess / max(float(np.median(excess)), 1e-12)
    return np.asarray(structure / np.clip(excess, *EXCESS_RANGE)[:, None, None])


def starvation(displacement_px: FloatArray, usable: BoolArray) -> float:
    """Say by how much the typical place's steps are more uneven than those of a film with bits enough.

    An encoder that lacks bits repeats a block until its picture is too wrong, then moves it at once: many steps of
    nothing, few large ones. Strays are such steps, so they grow as those do.
    """
    both = usable[1:] & usable[:-1]
    if both.sum() < FEWEST_STEPS or not displacement_px.shape[1]:
        return 1.0
    middle, far = _step_quantiles(displacement_px, both, [0.5, 0.97])
    moving = middle > 0
    uneven = float(np.median(far[moving] / middle[moving])) if moving.any() else 0.0
    return max(1.0, uneven / EVEN_STEPS)


def _step_quantiles(displacement_px: FloatArray, both: BoolArray, quantiles: list[float]) -> FloatArray:
    """(Q, N, 2) quantiles of the steps from frame to frame whose both ends are usable."""

    def of_some(own: slice) -> FloatArray:
        return np.asarray(np.quantile(np.abs(np.diff(displacement_px[:, own], axis=0)[both]), quantiles, axis=0))

    found = each_block(of_some, displacement_px.shape[1], columns_at_once(len(both), BLOCK_POINTS))
    return np.asarray(np.concatenate([np.empty((len(quantiles), 0, 2)), *found], axis=1))


def torn(signals: MotionSignals) -> BoolArray:
    """(T, N) points that have left their neighbours by more than skin can be strained: the tracker has lost them.

    A twitch of 5 px with a footprint of 16 px strains the skin by 0.19 at most; see LARGEST_STRAIN.
    """
    away = np.zeros(signals.valid.shape, bool)
    count = min(NEIGHBOURS + 1, len(signals.point_px))
    if count < 3:
        return away
    found = cKDTree(signals.point_px).query(signals.point_px, k=count)
    apart_px, index = np.asarray(found[0]), np.asarray(found[1], dtype=np.intp)
    limit_px = LARGEST_STRAIN * np.maximum(np.median(apart_px[:, 1:], axis=1), signals.spacing_px)
    still = np.concatenate(
        each_block(
            lambda own: column_medians(signals.displacement_px[:, own]), len(limit_px), columns_at_once(len(away))
        ),
        dtype=np.float32,
    )
    still[~signals.valid.any(0)] = 0.0
    for frame, displacement in enumerate(signals.displacement_px):
        moved = displacement - still
        far = np.flatnonzero(np.hypot(moved[:, 0], moved[:, 1]) > limit_px)
        if len(far):
            beside = np.median(moved[index[far, 1:]], axis=1)
            away[frame, far] = np.hypot(*(moved[far] - beside).T) > limit_px[far]
            away[frame] = _spread(away[frame], far, index[:, 1:])
    return away


def _spread(away: BoolArray, far: IntArray, beside: IntArray) -> BoolArray:
    """(N,) points that are lost, and all that have gone far and hang together with them: patches are lost as one."""
    lost = away.copy()
    for _ in range(LARGEST_PATCH):
        grown = far[~lost[far] & lost[beside[far]].any(1)]
        if not len(grown):
            break
        lost[grown] = True
    return lost


def _bridged(signals: MotionSignals) -> FloatArray:
    displacement = np.array(signals.displacement_px, dtype=np.float32)
    frames = np.arange(len(displacement))
    valid = signals.valid & ~torn(signals)
    for point in np.flatnonzero(~valid.all(0)):
        seen = valid[:, point]
        if not seen.any():
            displacement[:, point] = 0.0
            continue
        for axis in (0, 1):
            displacement[:, point, axis] = np.interp(frames, frames[seen], displacement[seen, point, axis])
    return displacement
