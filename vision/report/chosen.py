"""Which twitches get a film of their own: all of them, or as many as can be written, spread over the clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.model.arrays import FloatArray
from vision.model.events import TwitchEvent

EVENT_MARGIN_S = 1.0
MOST_EVENT_CLIPS = 100  # more would take longer than the analysis; our choice
# Films written at the same time: each encoder takes about 150 MB of address space at 1080p. Our choice.
MOST_OPEN = 8


def chosen_events(events: Sequence[TwitchEvent]) -> list[TwitchEvent]:
    """Choose the twitches that get a film, in the order given.

    Each next one lies as far in time as can be from those chosen before, so that a lone twitch is not crowded out by
    a run of them; one that would make more than `MOST_OPEN` films overlap is passed over.
    """
    peak_s = np.array([event.peak_s for event in events])
    away_s = np.full(len(events), np.inf)  # from the nearest chosen one; below 0: decided
    chosen: list[int] = []
    while len(chosen) < MOST_EVENT_CLIPS and (away_s >= 0).any():
        index = int(np.argmax(away_s))
        if _can_be_written(peak_s[[*chosen, index]]):
            chosen.append(index)
            away_s = np.minimum(away_s, np.abs(peak_s - peak_s[index]))
        away_s[index] = -1.0
    return [events[index] for index in sorted(chosen)]


def films_note(events: Sequence[TwitchEvent]) -> str:
    """Say that not every twitch gets a film; nothing where each does."""
    count = len(chosen_events(events))
    return "" if count == len(events) else f"films of {count} of {len(events)} twitches, spread over the clip"


def _can_be_written(peak_s: FloatArray) -> bool:
    """Whether no more than `MOST_OPEN` films of ± `EVENT_MARGIN_S` are ever open at once."""
    ordered_s = np.sort(peak_s)
    return bool((ordered_s[MOST_OPEN:] - ordered_s[:-MOST_OPEN] > 2 * EVENT_MARGIN_S).all())
