"""What the table of labels in docs/method.md says of what was put into a clip, and its duty cycle and rate."""

from __future__ import annotations

from collections import Counter

import numpy as np

from vision.model.features import PatternLabel
from vision.simulate.scenario import Scenario
from vision.simulate.scene import PlacedTwitch
from vision.simulate.schedule import active_interval_s

LARGEST_SHARE_WHEN_MIGRATING = 0.5  # docs/method.md: three places or more, none with more than half of the events
FEWEST_PLACES_WHEN_MIGRATING = 3


def label(scenario: Scenario, placed: tuple[PlacedTwitch, ...]) -> PatternLabel:
    """Apply the table of labels in docs/method.md to what was put into the clip."""
    if not placed:
        return "no-twitch" if not scenario.has_eyes or scenario.closures in ("none", "blinks") else "indeterminate"
    if scenario.twitch == "sustained":
        return "indeterminate" if scenario.view == "skin" else "sustained-facial"
    counts = Counter(twitch.site for twitch in placed)
    if len(counts) == 1:
        return "intermittent-focal"
    few_each = max(counts.values()) <= LARGEST_SHARE_WHEN_MIGRATING * len(placed)
    if len(counts) >= FEWEST_PLACES_WHEN_MIGRATING and few_each:
        return "migrating"
    return "indeterminate"


def duty_cycle(scenario: Scenario, placed: tuple[PlacedTwitch, ...]) -> float:
    """Share of the clip in which any site is beyond a fifth of a peak."""
    covered_s, until_s = 0.0, 0.0
    for twitch in placed:
        first_s, last_s = active_interval_s(twitch.onset_s, scenario.tau_s, scenario.decay)
        covered_s += max(0.0, last_s - max(first_s, until_s))
        until_s = max(until_s, last_s)
    return round(covered_s / scenario.duration_s, 3)


def dominant_hz(scenario: Scenario, placed: tuple[PlacedTwitch, ...]) -> float | None:
    """1 ÷ median interval within bursts at the busiest site; None where nothing comes in bursts."""
    if scenario.twitch not in ("bursts", "sustained") or len(placed) < 2:
        return None
    busiest = Counter(twitch.site for twitch in placed).most_common(1)[0][0]
    intervals_s = np.diff([twitch.onset_s for twitch in placed if twitch.site == busiest])
    # A pause lasts longer than two intervals; the shortest pause of a burst plan is longer still.
    within_s = intervals_s[intervals_s < 2 / scenario.twitch_hz]
    return round(float(1 / np.median(within_s)), 2) if len(within_s) else None
