"""When each picture is shown: presentation timestamps as exact fractions, and what they say about the rate.

Pure arithmetic; knows nothing of files.
"""

from __future__ import annotations

from fractions import Fraction

# A container that counts in milliseconds moves each end of an interval by up to 1 ms, either way; one that counts
# more coarsely (GIF: 10 ms) makes intervals of a steady rate differ by a tick.
ROUNDING_SPREAD_S = Fraction(4, 1000)


class PresentationClock:
    """Turn the timestamps of one stream into seconds since its first picture.

    Parameters
    ----------
    time_base_s : seconds of one tick of the stream's timestamps.
    declared_rate_hz : what the file says of its rate; used only to place pictures without a timestamp before
        two others have shown how far apart they lie. None where the file says nothing.

    Attributes
    ----------
    count : pictures placed. derived_count : those among them without a time of their own. left_out_count : pictures
        that do not advance.

    Notes
    -----
    Holds a handful of numbers whatever the length of the clip.
    """

    def __init__(self, time_base_s: Fraction, declared_rate_hz: Fraction | None) -> None:
        self._time_base_s = time_base_s
        self._declared_interval_s = 1 / declared_rate_hz if declared_rate_hz else None
        self._first_s = Fraction(0)
        self._last_s: Fraction | None = None
        self._last_duration_s: Fraction | None = None
        self._interval_s: Fraction | None = None
        self._shortest_s: Fraction | None = None
        self._longest_s: Fraction | None = None
        self.count = 0
        self.derived_count = 0
        self.left_out_count = 0
        self.problems: list[str] = []

    def place(self, pts: int | None, duration: int | None) -> Fraction | None:
        """Say when a picture is shown, or None where it must be left out.

        Parameters
        ----------
        pts : presentation timestamp in ticks; None where the file has none.
        duration : ticks for which the picture is shown; None or 0 where unknown.

        Returns
        -------
        Seconds since the first picture, greater than every earlier answer. None for a picture that does not
        advance, and for one without a timestamp where nothing tells how far apart pictures lie: both are
        noted in `problems`.
        """
        shown_s = self._next_s() if pts is None else pts * self._time_base_s
        if shown_s is None or not self._advances(shown_s):
            self.left_out_count += 1
            return None
        if self._last_s is None:
            self._first_s = shown_s
        else:
            self._note_interval(shown_s - self._last_s)
        self._last_s = shown_s
        self._last_duration_s = duration * self._time_base_s if duration and duration > 0 else None
        self.count += 1
        self.derived_count += pts is None
        return shown_s - self._first_s

    @property
    def duration_s(self) -> Fraction | None:
        """First picture to the end of the last, which lasts as the file says or else as long as the one before."""
        if self._last_s is None:
            return None
        return self._last_s - self._first_s + (self._step_s() or 0)

    @property
    def mean_rate_hz(self) -> float | None:
        """Intervals a second. None with fewer than two pictures."""
        if self._last_s is None or self.count < 2:
            return None
        return float((self.count - 1) / (self._last_s - self._first_s))

    @property
    def is_variable_rate(self) -> bool | None:
        """True where intervals differ by more than the rounding of a container. None with fewer than three pictures."""
        if self.count < 3 or self._shortest_s is None or self._longest_s is None:
            return None
        return self._longest_s - self._shortest_s > max(ROUNDING_SPREAD_S, self._time_base_s)

    def _step_s(self) -> Fraction | None:
        """How long the last picture is shown. Some files say one tick for every picture: that is not believed."""
        said_s = self._last_duration_s
        if said_s and said_s >= (self._shortest_s or 0) / 2:
            return said_s
        return self._interval_s or self._declared_interval_s

    def _next_s(self) -> Fraction | None:
        self._note("missing-timestamps")
        if self._last_s is None:
            return Fraction(0)
        step_s = self._step_s()
        return None if step_s is None else self._last_s + step_s

    def _advances(self, shown_s: Fraction) -> bool:
        if self._last_s is None or shown_s > self._last_s:
            return True
        self._note("duplicate-timestamps" if shown_s == self._last_s else "backward-timestamps")
        return False

    def _note_interval(self, interval_s: Fraction) -> None:
        self._interval_s = interval_s
        self._shortest_s = min(interval_s, self._shortest_s or interval_s)
        self._longest_s = max(interval_s, self._longest_s or interval_s)

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)
