"""When a site twitches: its course taken apart into single twitches of one waveform.

Twitches of a burst follow each other by a tenth of a second, before the skin is back. The highest sample of a filter
then lies between two of them, and each looks as high as both. So the course is explained as a sum: the twitch that
explains most is placed first, all that overlap are fitted again together, what is left is searched for the next.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from vision.model.arrays import BoolArray, FloatArray
from vision.twitch.decoder import Decoder, Pulse, Waveform

SETTLE_ROUNDS = 3  # in which twitches move, once their neighbours are known
MOST_PULSES = 5000  # of one site; beyond it the course is no train of twitches
RISES_S = (0.035, 0.045, 0.065, 0.09)  # contraction times, 35-110 ms (docs/method.md)
DECAYS = (1.0, 1.6, 2.6)  # relaxation ÷ contraction; it varies with the muscle, our choice


def decode(decoder: Decoder, bar: FloatArray, own_share: float, dead_time_s: float) -> list[Pulse]:
    """Place twitches, the strongest first, until none is left above the bar.

    Parameters
    ----------
    bar : (T,) strength that a twitch needs at each frame.
    own_share : of a neighbour's strength that a further twitch needs which overlaps it: what a waveform leaves
        unexplained of a strong twitch is no twitch. dead_time_s : twitches closer than this are one.
    """
    allowed = np.ones(len(bar), bool)
    floor = bar.copy()
    reach_s = len(decoder.shapes[0]) * decoder.interval_s
    while len(decoder.atoms) < MOST_PULSES:
        strengths = np.where(allowed, decoder.strengths() - floor, -np.inf)
        phase, frame = np.unravel_index(int(np.argmax(strengths)), strengths.shape)
        if strengths[phase, frame] <= 0:
            break
        strength = strengths[phase, frame] + floor[frame]
        atom = (int(phase), int(frame))
        decoder.add(atom)
        apart_s = np.abs(decoder.time_s - decoder.peak_s(atom))
        allowed &= apart_s >= dead_time_s - decoder.interval_s / 4
        floor = np.where(apart_s < reach_s, np.maximum(floor, own_share * strength), floor)
    _settle(decoder, dead_time_s)
    while decoder.merge(float(bar.min()), own_share, dead_time_s):
        pass
    for index in reversed(range(len(decoder.atoms))):
        decoder.split(index, float(bar[decoder.atoms[index][1]]), own_share, dead_time_s)
    _settle(decoder, dead_time_s)
    return [pulse for pulse in decoder.pulses() if pulse.strength > bar[pulse.frame]]


def _settle(decoder: Decoder, dead_time_s: float) -> None:
    """Move twitches until none gains by it."""
    for _ in range(SETTLE_ROUNDS):
        moved = [decoder.settle(index, dead_time_s) for index in reversed(range(len(decoder.atoms)))]
        if not any(moved):
            break


def site_waveform(
    course: FloatArray, seen: BoolArray, time_s: FloatArray, coefficients: FloatArray, bar: FloatArray
) -> Waveform:
    """Rise and fall that explain most of a course's strongest twitches."""
    best, most = Waveform(RISES_S[1], DECAYS[1]), 0.0
    for rise_s, decay in product(RISES_S, DECAYS):
        decoder = Decoder(course, seen, time_s, coefficients, Waveform(rise_s, decay))
        before = float(np.sum(decoder.residual**2))
        decode(decoder, bar, 0.3, 0.1)
        explained = before - float(np.sum(decoder.residual**2))
        if explained > most:
            best, most = Waveform(rise_s, decay), explained
    return best
