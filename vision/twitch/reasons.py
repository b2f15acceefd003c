"""The sentences of a pattern call: what speaks for it, what forbids it, each with its number."""

from __future__ import annotations

from collections.abc import Callable

from vision.model.features import Pattern
from vision.model.regions import region_label
from vision.twitch.evidence import Case, Evidence
from vision.twitch.places import Place, stray_mean

LONGER = "Film next: 2 to 3 minutes of the same view, at rest, phone fixed."
CLOSER = "Film next: closer, in brighter light, 60 frames a second or more, phone fixed, the original file."
BOTH_EYES = "Film next: the whole face with both eyes open and in view, 2 to 3 minutes, without talking."
LIMB = "Film next: the limb supported and at rest, all of it in view, and then each place close up."


def objections(case: Case, evidence: Evidence, best: Pattern, probability: float) -> list[str]:
    """Say why no pattern may be named, the first objection that holds, with what to film next; empty if none holds."""
    checks: tuple[Callable[[], list[str]], ...] = (
        lambda: _too_little_seen(case),
        lambda: _nothing_but(case),
        lambda: _too_few_events(case, evidence),
        lambda: _not_facial(case, evidence),
        lambda: _between(case, evidence, best, probability),
    )
    return next((found for check in checks if (found := check())), [])


def _too_little_seen(case: Case) -> list[str]:
    observed_s, least_s = case.events.observed_s, case.settings.smallest_observed_s
    if observed_s < least_s:
        return [f"Too little seen: {observed_s:.1f} s were observed, {least_s:g} s are needed.", LONGER]
    if not case.quality.usable:
        messages = [warning.message for warning in case.quality.warnings]
        return [f"The clip cannot be used: {messages[0] if messages else 'its quality is too low'}", CLOSER]
    return []


def _nothing_but(case: Case) -> list[str]:
    """No twitch, yet no ground to say so."""
    if case.events.events:
        return []
    closure = case.features.eye_closure
    if closure.is_finding:
        return [f"No twitch was seen, but the eye closure is a finding: {closure.reason}.", BOTH_EYES]
    limit, finest, unit = case.limit_of_detection
    if limit is None:
        return ["No twitch was seen, but how small a twitch would have been seen is not known.", CLOSER]
    if limit > finest:
        return [
            f"No twitch was seen, but only those from {limit:.2g} {unit} on would have been: {finest:g} is needed.",
            CLOSER,
        ]
    return []


def _too_few_events(case: Case, evidence: Evidence) -> list[str]:
    count, observed_s = len(case.events.events), case.events.observed_s
    if 0 < count < case.settings.smallest_event_count:
        least = case.settings.smallest_event_count
        return [f"Too few events: {count} in {observed_s:.0f} s, {least} are needed to name a pattern.", LONGER]
    if count and evidence.real < 0.5:
        expected = stray_mean(observed_s, case.settings)
        return [f"{count} scattered events in {observed_s:.0f} s; false alarms alone may give {expected:.1f}.", LONGER]
    return []


def _not_facial(case: Case, evidence: Evidence) -> list[str]:
    """Sustained or rhythmic movement of skin has no label of its own."""
    if case.view != "skin" or not case.events.events:
        return []
    if case.features.rhythmicity.verdict == "rhythmic" and _is_whole_limb(case, evidence):
        hz = case.features.frequency.dominant_hz
        return [f"Whole-limb rhythm: most of the skin moves together{f' at {hz:.1f} Hz' if hz else ''}.", LIMB]
    if evidence.continuous >= 0.5:
        return [f"Sustained, not facial: {_activity(case)}.", LIMB]
    return []


def _is_whole_limb(case: Case, evidence: Evidence) -> bool:
    wide = (case.features.spread.area_fraction or 0.0) >= case.settings.whole_limb_area_fraction
    together = (evidence.together or 0.0) >= case.settings.together_share
    return wide or (together and len(evidence.main_places) >= case.settings.smallest_place_count)


def _between(case: Case, evidence: Evidence, best: Pattern, probability: float) -> list[str]:
    """No pattern is likely enough, or it is none that was seen: say between which ones the clip stands."""
    if best == "no-twitch" and case.events.events:
        return [f"{len(case.events.events)} events were seen, but they may be false alarms.", LONGER]
    if probability >= case.settings.call_probability:
        return []
    places, share = evidence.main_places, evidence.together or 0.0
    if 0.1 < evidence.continuous < 0.9:
        reason = f"Between gaps and no gaps: {_activity(case)}."
    elif len(places) == 2:
        reason = f"Two stable places: {_counted(places)}."
    elif len(places) > 2 and share >= case.settings.together_share:
        reason = (
            f"{len(places)} places move together ({share:.0%} of events beyond chance): one movement, not moving about."
        )
    elif len(places) > 2:
        reason = f"{len(places)} places, intermittent and not moving about: {_counted(places)}."
    else:
        reason = f"Too few events to tell one place from several: {len(case.events.events)}."
    return [reason, f"The likeliest pattern, {best}, reaches {probability:.0%}.", LONGER]


def reasons_for(label: Pattern, case: Case, evidence: Evidence) -> list[str]:
    """Say what the label rests on."""
    return {
        "intermittent-focal": _focal,
        "migrating": _migrating,
        "sustained-facial": _sustained,
        "no-twitch": _no_twitch,
    }[label](case, evidence)


def _focal(case: Case, evidence: Evidence) -> list[str]:
    place, total = evidence.places[0], len(case.events.events)
    sentences = [f"One place, {place.name}: {place.event_count} of {total} events, with quiet gaps."]
    if total > place.event_count:
        sentences.append(f"{total - place.event_count} elsewhere: no more than false alarms may give.")
    return sentences


def _migrating(case: Case, evidence: Evidence) -> list[str]:
    places, total = evidence.main_places, len(case.events.events)
    return [
        f"{len(places)} places, none with more than half of the {total} events "
        f"(the busiest, {places[0].name}: {places[0].event_count}), with quiet gaps."
    ]


def _sustained(case: Case, evidence: Evidence) -> list[str]:
    places = evidence.main_places
    if evidence.is_one_lid:
        return [f"One lid only so far: {places[0].name}.", f"Continuous there: {_activity(case)}."]
    lasting = case.features.spread.continuous_site_count
    never = (
        [f"{lasting} of {case.features.spread.site_count} sites move without a pause of their own."] if lasting else []
    )
    return [f"Continuous: {_activity(case)}, at {_counted(places)}.", *never]


def _no_twitch(case: Case, _evidence: Evidence) -> list[str]:
    limit, _, unit = case.limit_of_detection
    seen = f"None seen in {case.events.observed_s:.0f} s down to {limit:.2g} {unit}."
    coarse = [
        f"{region_label(one.name, one.side)} (from {one.limit_of_detection_iod:.2g} iod on)"
        for one in case.coarse_regions
    ]
    return [seen, f"Left out, where only larger ones would have been seen: {', '.join(coarse)}."] if coarse else [seen]


def _activity(case: Case) -> str:
    frequency = case.features.frequency
    duty, run_s, quiet_s = frequency.duty_cycle or 0.0, frequency.longest_run_s or 0.0, frequency.longest_quiet_s
    quiet = "" if quiet_s is None else f", quiet for up to {quiet_s:.1f} s"
    return f"active {duty:.0%} of the time, in runs of up to {run_s:.1f} s{quiet}"


def _counted(places: tuple[Place, ...]) -> str:
    return ", ".join(f"{place.name} ({place.event_count})" for place in places)


def supporting_sentences(case: Case) -> list[str]:
    """Add the figures behind any label: rate, bursts, rhythm, eyes."""
    if not case.events.events:
        return []
    sentences = [
        _rate_sentence(case),
        _burst_sentence(case),
        _rhythm_sentence(case),
        _scatter_sentence(case),
        _order_sentence(case),
    ]
    if case.features.eye_closure.is_finding:
        sentences.append(f"The eye closure is a finding of its own: {case.features.eye_closure.reason}.")
    return [sentence for sentence in sentences if sentence]


def _rate_sentence(case: Case) -> str:
    frequency = case.features.frequency
    if frequency.rate_per_min is None:
        return ""
    interval = frequency.rate_per_min_ci95
    bounds = f"95 % interval {interval[0]:.1f} to {interval[1]:.1f}" if interval else "too few bursts for an interval"
    seen = f"{frequency.event_count} events in {frequency.observed_s:.0f} s"
    return f"{seen}, {frequency.rate_per_min:.1f} a minute ({bounds})."


def _burst_sentence(case: Case) -> str:
    frequency = case.features.frequency
    if not frequency.burst_count:
        return f"No bursts; {_activity(case)}."
    within = "" if frequency.within_burst_hz is None else f" at {frequency.within_burst_hz:.1f} Hz"
    noun = "burst" if frequency.burst_count == 1 else "bursts"
    return f"{frequency.burst_count} {noun}{within}; {_activity(case)}."


def _scatter_sentence(case: Case) -> str:
    """Say whether one place and the measuring error would scatter the events as much."""
    p = case.features.spread.dispersion_p
    if p is None:
        return ""
    if p <= case.settings.scatter_p:
        return f"They scatter more than a single place and its measuring error allow (p {_p_text(p)})."
    return f"They scatter no more than a single place and its measuring error allow (p {_p_text(p)})."


def _p_text(p: float) -> str:
    if p < 0.01:
        return "< 0.01"
    return "> 0.99" if p > 0.99 else f"= {p:.2f}"


def _order_sentence(case: Case) -> str:
    """Say whether the sites come in an order; empty where that cannot be tested."""
    spread = case.features.spread
    if spread.migration_index is None or spread.migration_p is None or spread.switch_share is None:
        return ""
    return (
        f"On to another site after {spread.switch_share:.0%} of movements, with steps {spread.migration_index:.2f} "
        f"times those of reshuffled orders (p {_p_text(spread.migration_p)})."
    )


def _rhythm_sentence(case: Case) -> str:
    rhythm = case.features.rhythmicity
    if rhythm.verdict == "too-few-events" or rhythm.lv is None or rhythm.surrogate_p is None:
        return "Too few events at any one site to judge their rhythm."
    return (
        f"Rhythm {rhythm.verdict}: LV {rhythm.lv:.2f} over {rhythm.interval_count} intervals, "
        f"p {_p_text(rhythm.surrogate_p)} against chance behind the same dead time."
    )
