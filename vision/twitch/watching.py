"""When a site can be watched: through blinks, speech, glances and steps of the light where these leave it as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vision.dsp import whiten
from vision.model.arrays import BoolArray, FloatArray
from vision.twitch.artefacts import runs
from vision.twitch.sites import Seed
from vision.twitch.survey import Survey

NEAR_SIGMA, FEWEST_VALID = 1.5, 0.5  # footprints around a site, and the share of the points there. Our choice
FEWEST_COVERED_FRAMES = 12  # of blinks or speech, by which to judge whether they move a place
FLANK_QUANTILE = 0.8  # a lid moves in 0.2 s of the 0.5 s that a blink covers
STILL_IN_BLINKS = 1.5  # times the usual motion, up to which blinks leave a place still
STILL_ACROSS = 6.0  # the same across a site's twitches, where only noise and their unsteady direction are usual. Ours
TWITCH_SHARE = 0.3  # of what a site's own twitches stir, up to which blinks' own movement counts for no twitch. Ours
QUIETER_BLINKS = 0.25  # of the blinks tell whether blinks move a place: bursts fill up to three quarters. Our choice


def seen_frames(seed: Seed, survey: Survey) -> BoolArray:
    """(T,) frames in which a site can be seen: those of known movements only where these do not move it.

    Nor where most of the points around it were lost or covered: the motion that bridges such a gap rests by itself.
    """
    near = np.hypot(*(survey.point_px - seed.centre_px).T) < NEAR_SIGMA * seed.response.motion.sigma_px
    hidden = survey.valid[:, near].mean(1) < FEWEST_VALID if near.any() else np.zeros(len(survey.in_view), bool)
    if not _is_still_in_blinks(seed, survey):
        hidden |= survey.cover.lids
    if not _is_still_in_speech(seed, survey):
        hidden |= survey.cover.mouth
    if not _is_still_in_glances(seed, survey):
        hidden |= survey.cover.elsewhere
    if not _is_still_in_steps(seed, survey):
        hidden |= survey.cover.steps
    return np.asarray(survey.in_view & ~hidden)


def _is_still_in_blinks(seed: Seed, survey: Survey) -> bool:
    """Say whether blinks leave a place as it is.

    Every complete blink moves what it moves; of twitches, some blinks are free. So the quieter ones tell. A place that
    blinks move across its twitches' way, where no twitch goes, is moved by them, too. Partial ones tell nothing.
    """
    inside = survey.tracked & survey.cover.shut & ~survey.cover.mouth
    if inside.sum() < FEWEST_COVERED_FRAMES:
        return False
    blinks = [inside & _between(*run, len(inside)) for run in runs(survey.cover.shut)]
    blinks = [own for own in blinks if own.any()]
    along, across = (_stir(one, blinks, survey) for one in (seed, _across(seed)))
    quieter = float(np.quantile(along, QUIETER_BLINKS, method="lower"))
    twitches = _stir_of_twitches(seed, survey, int(np.median([own.sum() for own in blinks])))
    # What is much less than the site's own twitches do is no twitch; the usual motion is in all that is seen.
    still = max(STILL_IN_BLINKS, float(np.hypot(1.0, TWITCH_SHARE * twitches)))
    return quieter < still and float(np.median(across)) < STILL_ACROSS


def _is_still_in_speech(seed: Seed, survey: Survey) -> bool:
    """Say whether talking and smiling leave a place as it is; the quieter ones tell, as with blinks."""
    inside = survey.tracked & survey.cover.mouth
    spans = [inside & _between(*run, len(inside)) for run in runs(survey.cover.mouth)]
    seen = [own for own in spans if own.any()]
    if inside.sum() < FEWEST_COVERED_FRAMES:
        return False
    return float(np.quantile(_stir(seed, seen, survey), QUIETER_BLINKS, method="lower")) < STILL_IN_BLINKS


def _is_still_in_glances(seed: Seed, survey: Survey) -> bool:
    """Say whether eyes that turn leave a place as it is, by all moments together: each glance goes another way."""
    inside = survey.tracked & survey.cover.glances & ~survey.cover.frames
    return not inside.any() or bool(_stir(seed, [inside], survey)[0] < STILL_IN_BLINKS)


def _is_still_in_steps(seed: Seed, survey: Survey) -> bool:
    """Say whether steps of the exposure leave a place as it is; the quieter ones tell, as with blinks."""
    inside = survey.tracked & survey.cover.steps & ~survey.cover.frames
    steps = [own for own in (inside & _between(*run, len(inside)) for run in runs(survey.cover.steps)) if own.any()]
    return not steps or float(np.quantile(_stir(seed, steps, survey), QUIETER_BLINKS, method="lower")) < STILL_IN_BLINKS


def _stir(seed: Seed, parts: list[BoolArray], survey: Survey) -> FloatArray:
    """By how much a place moves more in each of some parts of the film than where nothing known moves it."""
    moved = np.abs(whiten(seed.course(), seed.response.sought.coefficients))
    usual = float(np.quantile(moved[_undisturbed(survey)], FLANK_QUANTILE))
    return np.array([float(np.quantile(moved[own], FLANK_QUANTILE)) for own in parts]) / max(usual, 1e-12)


def _stir_of_twitches(seed: Seed, survey: Survey, count: int) -> float:
    """The same for pieces of so many frames in which the site twitches, by the weakest of its strongest few."""
    free = np.flatnonzero(_undisturbed(survey))
    pieces = np.array_split(free, max(1, len(free) // max(count, 1)))
    stirs = np.sort(_stir(seed, [np.isin(np.arange(len(survey.in_view)), piece) for piece in pieces], survey))
    few = seed.response.sought.settings.repeat_count
    return float(stirs[-few]) if len(stirs) >= few else 0.0


def _undisturbed(survey: Survey) -> BoolArray:
    """(T,) frames in which nothing known moves any place; where there are next to none, those of no blink or talk."""
    free = survey.tracked & ~survey.cover.frames
    calm = free & ~survey.cover.elsewhere & ~survey.cover.steps
    return calm if calm.sum() >= FEWEST_COVERED_FRAMES else free


def _between(first: int, last: int, count: int) -> BoolArray:
    """(T,) frames from the first to the last."""
    frame = np.arange(count)
    return np.asarray((frame >= first) & (frame <= last))


def _across(seed: Seed) -> Seed:
    """The same place, seen across the way of its twitches."""
    return replace(seed, direction=np.array([-seed.direction[1], seed.direction[0]]), held_px=None)
