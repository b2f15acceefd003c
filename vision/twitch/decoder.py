"""One course explained as a sum of twitches of one waveform: they are placed, fitted together, moved, split and merged.

All that overlap are fitted again whenever one is placed (orthogonal matching pursuit; Pati et al. 1993,
doi:10.1109/ACSSC.1993.342465), in whitened noise throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from vision.dsp import twitch_waveform, whiten
from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.twitch.overlap import Overlap

PHASES = (0.0, 0.25, 0.5, 0.75)  # of the frame clock, in frames: peaks between two of them fit to 1 % of their height
LENGTH_FALLS = 6.0  # length of the waveform in times of fall: 98 % of its energy
SEEN_SHARE = 0.5  # of a twitch's energy that must fall on frames that count
SETTLE_FRAMES = 2  # by which a twitch may move once its neighbours are known


@dataclass(frozen=True)
class Waveform:
    """How the twitches of a site rise and fall."""

    rise_s: float
    decay: float

    def extent_s(self) -> tuple[float, float]:
        """From the peak back to the onset, and on to the offset, where a fifth of the peak is passed."""
        return 0.921 * self.rise_s, 2.994 * self.decay * self.rise_s  # roots of d exp(1 - d) = 0.2


@dataclass(frozen=True)
class Pulse:
    """One twitch: the frame nearest to its peak, the peak itself, its height in the course's own unit, its strength.

    strength : height ÷ standard error.
    """

    frame: int
    peak_s: float
    height: float
    strength: float


class Decoder:
    """Explains one course by twitches of one waveform.

    Parameters
    ----------
    course : (T,) displacement along a direction, scaled so that a strength of 1 is one width of the filtered noise.
    seen : (T,) frames that count. coefficients : of the autoregression that whitens the noise.
    """

    def __init__(
        self, course: FloatArray, seen: BoolArray, time_s: FloatArray, coefficients: FloatArray, waveform: Waveform
    ) -> None:
        self.time_s = time_s
        self.interval_s = float(np.median(np.diff(time_s)))
        self.peaks_s = np.stack([time_s + phase * self.interval_s for phase in PHASES])
        self.before = int(np.ceil(waveform.rise_s / self.interval_s)) + 1
        after = int(np.ceil(LENGTH_FALLS * waveform.rise_s * waveform.decay / 1.6 / self.interval_s))
        offset_s = np.arange(-self.before, after + 1) * self.interval_s
        self.shapes = [
            whiten(
                twitch_waveform(offset_s, phase * self.interval_s - waveform.rise_s, waveform.rise_s, waveform.decay),
                coefficients,
            )
            for phase in PHASES
        ]
        length, count = len(self.shapes[0]), len(course)
        # Both with room at the ends for a twitch that reaches beyond them; what lies there is nought.
        self._padded, self._counts = np.zeros(count + length - 1), np.zeros(count + length - 1)
        self.residual = self._padded[self.before : self.before + count]
        self.residual[:] = whiten(course, coefficients) * seen
        self._counts[self.before : self.before + count] = seen
        self._bands: dict[int, tuple[FloatArray, Overlap]] = {}
        self.energy = np.stack([np.correlate(self._counts, shape**2, "valid") for shape in self.shapes])
        enough = self.energy >= SEEN_SHARE * np.array([[np.sum(shape**2)] for shape in self.shapes])
        self.weight = np.where(enough, 1 / np.sqrt(np.maximum(self.energy, 1e-12)), 0.0)
        self.under = sliding_window_view(self._counts, length)
        self.atoms: list[tuple[int, int]] = []
        self.placed_s: list[float] = []
        self.heights: list[float] = []
        self.score = np.zeros_like(self.weight)
        self.stale = 0, len(course)
        self.changes = 0
        self.changed = np.zeros(len(course), int)
        self.settled: dict[tuple[int, int], int] = {}

    def strengths(self) -> FloatArray:
        """(phases, T) strength of a further twitch at each phase and frame; taken anew only where it has changed."""
        first, last = self.stale
        after = len(self.shapes[0]) - 1 - self.before
        start, stop = max(0, first - after), min(len(self.residual), last + self.before)
        if start < stop:
            self.score[:, start:stop] = self._correlated(self._padded[start : stop + len(self.shapes[0]) - 1])
        self.stale = len(self.residual), 0
        return np.asarray(self.score * self.weight)

    def _correlated(self, under: FloatArray) -> FloatArray:
        """(phases, K) sum of values times each shape, for every place at which it fits in."""
        return np.stack([np.correlate(under, shape, "valid") for shape in self.shapes])

    def column(self, atom: tuple[int, int]) -> tuple[slice, FloatArray]:
        """Frames that one twitch touches, and its whitened course there."""
        phase, frame = atom
        start = frame - self.before
        inside = slice(max(0, start), min(len(self.residual), start + len(self.shapes[phase])))
        return inside, (self.shapes[phase] * self.under[frame])[inside.start - start : inside.stop - start]

    def add(self, atom: tuple[int, int]) -> None:
        """Place one more twitch and fit all that overlap it again, none below zero."""
        from scipy.optimize import nnls  # loads for long; needed once the film is read

        self.atoms.append(atom)
        self.placed_s.append(self.peak_s(atom))
        self.heights.append(0.0)
        reach = len(self.shapes[0])
        near = [index for index, other in enumerate(self.atoms) if abs(other[1] - atom[1]) < reach]
        first = max(0, min(self.atoms[index][1] for index in near) - self.before)
        last = min(len(self.residual), max(self.atoms[index][1] for index in near) - self.before + reach)
        design = np.zeros((last - first, len(near)))
        for column, index in enumerate(near):
            where, shape = self.column(self.atoms[index])
            design[where.start - first : where.stop - first, column] = shape
        target = self.residual[first:last] + design @ [self.heights[index] for index in near]
        fitted, _ = nnls(design, target)
        self.residual[first:last] = target - design @ fitted
        self._note(first, last)
        for index, height in zip(near, fitted, strict=True):
            self.heights[index] = float(height)

    def settle(self, index: int, dead_time_s: float) -> bool:
        """Move one twitch to where it explains most, now that its neighbours are known; say whether it moved."""
        atom, reach = self.atoms[index], SETTLE_FRAMES + len(self.shapes[0]) + int(dead_time_s / self.interval_s) + 1
        around = self.changed[max(0, atom[1] - reach) : atom[1] + reach + 1]
        if around.max() <= self.settled.get(atom, -1):
            return False  # nothing around it has changed since it was last looked at
        best = self._best_near(index, dead_time_s - self.interval_s / 4)
        if best == atom:
            self.settled[atom] = self.changes
            return False
        self._replace(index, [best])
        return True

    def _best_near(self, index: int, least_s: float) -> tuple[int, int]:
        """Where one twitch explains most, a few frames around its place, and apart from all others."""
        atom = self.atoms[index]
        first, last = max(0, atom[1] - SETTLE_FRAMES), min(len(self.residual), atom[1] + SETTLE_FRAMES + 1)
        where, shape = self.column(atom)
        alone = self._padded[first : last + len(self.shapes[0]) - 1].copy()
        alone[where.start + self.before - first : where.stop + self.before - first] += self.heights[index] * shape
        weight = self.weight[:, first:last]
        score = np.maximum(self._correlated(alone), 0.0) * weight
        # Where no place is far enough from the others, the first that was seen: two so close are then told by what they
        # still explain. Left where it was, three of 18 twitches of a messaging copy were lost, and one false one came.
        score[self._nearest_s(index, self.peaks_s[:, first:last]) < least_s] = -1.0
        score[weight == 0] = -2.0
        frame, phase = np.unravel_index(int(np.argmax(score.T)), score.T.shape)
        return int(phase), first + int(frame)

    def split(self, index: int, floor: float, own_share: float, dead_time_s: float) -> bool:
        """Replace one twitch by two where two explain clearly more: a greedy search lands between close neighbours.

        Returns
        -------
        Whether it was replaced. What the second one adds must pass `floor` and `own_share` of the one.
        """
        places, overlap, score = self._around(index, int(np.ceil(dead_time_s / self.interval_s)) + 1)
        one, two = overlap.best(score, self._apart(places, dead_time_s))
        if two is None or two[0] - one < max(floor, own_share * np.sqrt(one)) ** 2:
            return False
        self._replace(index, [_atom(places[two[1]]), _atom(places[two[2]])])
        return True

    def merge(self, floor: float, own_share: float, dead_time_s: float) -> bool:
        """Replace the first two within the dead time by one where one explains nearly as much; say whether any were."""
        for index, later in pairwise(np.argsort(self.placed_s, kind="stable").tolist()):
            if self.placed_s[later] - self.placed_s[index] >= dead_time_s:
                continue
            first, second = self.atoms[index], self.atoms[later]
            self._replace(later, [])
            place = self.atoms.index(first)
            places, overlap, score = self._around(place, int(np.ceil(2 * dead_time_s / self.interval_s)))
            one, two = overlap.best(score, self._apart(places, dead_time_s))
            if two is None or two[0] - one < max(floor, own_share * np.sqrt(one)) ** 2:
                self._replace(place, [_atom(places[overlap.strongest(score)])])
                return True
            self.add(second)
        return False

    def _around(self, index: int, reach: int) -> tuple[IntArray, Overlap, FloatArray]:
        """K places around a twitch (see `_atom`), what they have in common, and (K,) products of their whitened courses
        with the course, this twitch put back.
        """
        phase, frame = self.atoms[index]
        first, last = max(0, frame - reach), min(len(self.residual), frame + reach + 1)
        span = slice(first, last + len(self.shapes[0]) - 1)
        design, overlap = self._banded(last - first)
        counts, kept = self._counts[span, None], np.flatnonzero(self.weight[:, first:last].T > 0)
        if not counts.all():
            design = design * counts
            overlap = Overlap((design.T @ design)[np.ix_(kept, kept)])
        target: FloatArray = self._padded[span] + self.heights[index] * design[:, (frame - first) * len(PHASES) + phase]
        score: FloatArray = design.T @ target
        return first * len(PHASES) + kept, overlap, score[kept]

    def _banded(self, count: int) -> tuple[FloatArray, Overlap]:
        """Whitened twitches of all phases at so many frames, one a column, as if all frames counted; their overlap."""
        if count not in self._bands:
            length = len(self.shapes[0])
            wide = np.zeros((length + count - 1, count, len(PHASES)))
            for column in range(count):
                wide[column : column + length, column] = np.stack(self.shapes, 1)
            design: FloatArray = wide.reshape(len(wide), -1)
            self._bands[count] = design, Overlap(design.T @ design)
        return self._bands[count]

    def _nearest_s(self, index: int, time_s: FloatArray) -> FloatArray:
        """How far the nearest of all other twitches lies from each time."""
        others_s = np.array(self.placed_s[:index] + self.placed_s[index + 1 :] + [np.inf])
        return np.asarray(np.abs(time_s[..., None] - others_s).min(-1))

    def _replace(self, index: int, atoms: list[tuple[int, int]]) -> None:
        where, shape = self.column(self.atoms[index])
        self.residual[where] += self.heights[index] * shape
        self._note(where.start, where.stop)
        del self.atoms[index], self.placed_s[index], self.heights[index]
        for atom in atoms:
            self.add(atom)

    def _note(self, first: int, last: int) -> None:
        """Remember that something has changed in some frames."""
        self.changes += 1
        self.changed[first:last] = self.changes
        self.stale = min(self.stale[0], first), max(self.stale[1], last)

    def _apart(self, places: IntArray, dead_time_s: float) -> BoolArray:
        """(K, K) pairs of places that the dead time allows, the earlier first."""
        peaks_s = self.peaks_s[places % len(PHASES), places // len(PHASES)]
        return np.asarray(peaks_s[None] - peaks_s[:, None] >= dead_time_s - self.interval_s / 4)

    def peak_s(self, atom: tuple[int, int]) -> float:
        """Time of a twitch's peak."""
        return float(self.peaks_s[atom])

    def pulses(self) -> Iterator[Pulse]:
        """Twitches placed so far, by time."""
        for (phase, frame), height in sorted(zip(self.atoms, self.heights, strict=True), key=lambda pair: pair[0][1]):
            strength = height * float(np.sqrt(self.energy[phase, frame]))
            peak_s = self.peak_s((phase, frame))
            nearest = min(frame + (1 if PHASES[phase] > 0.5 else 0), len(self.time_s) - 1)
            yield Pulse(nearest, peak_s, height, strength)


def _atom(place: int) -> tuple[int, int]:
    """Phase and frame of a place: places are counted through all phases of a frame, then of the next."""
    frame, phase = divmod(int(place), len(PHASES))
    return phase, frame
