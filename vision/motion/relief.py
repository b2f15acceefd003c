"""What is left of the body's motion because the body is no smooth surface.

When a head nods, the nose goes farther than the cheeks: no low-order polynomial of place says so. But for small turns
each point answers to the pose in proportion, with a share of its own that its depth sets. That share is found from the
whole clip and taken out.
"""

from __future__ import annotations

import numpy as np

from vision.blocks import blocks, columns_at_once
from vision.dsp import column_medians, robust_sd
from vision.model.arrays import BoolArray, FloatArray

LARGEST_SHARE = 0.2  # of the pose's motion that depth can add; a nose stands out by 0.12 of its way to the neck
EXPECTED_SHARE = 0.1  # standard deviation of that share over a face; sets how much evidence is asked for
BLOCK_POINTS = 512  # worked on at once, of a long clip fewer: bounds its memory
CLIP_SD, ROUNDS = 2.0, 4  # residuals beyond are a twitch or an error, and are drawn in (Huber 1964), so many times
FEWEST_FRAMES_PER_COURSE = 8  # fewer, and the courses explain a twitch as well as the body's motion
SHORTEST_S = 3.0  # the same of time: ten twitches long
CHANCE = 0.25  # mean square of what a share takes out ÷ that of the noise: below, it may be chance or a twitch
ENOUGH_FRAMES = 300  # tell the shares; of a longer clip every so many frames are looked at


def remove_relief(local_px: FloatArray, valid: BoolArray, pose_px: FloatArray) -> None:
    """Take out of every point, in place, what follows the pose in proportion.

    Parameters
    ----------
    local_px : (T, N, 2) motion left by the smooth model, 0 where not valid. valid : (T, N).
    pose_px : (T, K) course of the smooth motion, as displacement in px.

    Notes
    -----
    Robust ridge regression for each point and axis; the ridge is the noise ÷ the expected share, so that little
    motion of the body proves nothing and takes nothing. A twitch stays: its residuals are drawn in, no point gives
    up more than `LARGEST_SHARE` of each course, and only points give any in which it is plain.
    """
    seen = valid.any(1)
    if seen.sum() < FEWEST_FRAMES_PER_COURSE * pose_px.shape[1]:
        return
    course = np.where(seen[:, None], pose_px - np.median(pose_px[seen], axis=0), 0.0).astype(np.float32)
    step = max(1, len(course) // ENOUGH_FRAMES)
    for own in blocks(local_px.shape[1], columns_at_once(len(local_px), BLOCK_POINTS)):
        block = np.s_[:, own]
        known = np.where(valid[block][::step, :, None], local_px[block][::step], np.nan)
        share = _shares(known.reshape(len(known), -1), course[::step])
        taken = (course @ share).reshape(len(course), -1, 2)
        local_px[block] -= taken * valid[block][..., None]


def _shares(known_px: FloatArray, course_px: FloatArray) -> FloatArray:
    """(K, M) share of each of (T, K) courses in (T, M) motion, NaN where not seen; 0 where it proves nothing."""
    missing = np.isnan(known_px)
    values, vectors = np.linalg.eigh(np.asarray(course_px.T @ course_px, dtype=float))
    centred = np.where(missing, 0.0, known_px - column_medians(known_px)).astype(np.float32)
    fit = np.zeros_like(centred)
    for _ in range(ROUNDS):
        noise = np.nan_to_num(robust_sd(np.where(missing, np.nan, centred - fit))).astype(np.float32)
        clipped = fit + np.where(missing, 0.0, np.clip(centred - fit, -CLIP_SD * noise, CLIP_SD * noise))
        ridge = (noise / EXPECTED_SHARE) ** 2
        share = vectors @ ((vectors.T @ (course_px.T @ clipped)) / (values[:, None] + ridge + 1e-9))
        fit = course_px @ share.astype(np.float32)
    proof = (fit**2).mean(0) / np.maximum(noise**2, 1e-12)
    share *= np.clip(1 - CHANCE / np.maximum(proof, 1e-12), 0, 1)
    return np.asarray(np.clip(share, -LARGEST_SHARE, LARGEST_SHARE), np.float32)
