"""What was found, in plain English: the same sentences for the terminal and the report."""

from __future__ import annotations

from collections import Counter

from vision.context import neurologist_reasons, questions
from vision.model.events import THROUGHOUT
from vision.model.features import PatternLabel
from vision.model.result import RegionRecord, ResultDocument
from vision.report.units import counted, listing, measured, probability, share, significant, whole

# Word for word what every report carries (docs: "Wording that every report carries").
REQUIRED_WORDING = (
    "Research software, not a medical device; neither cleared nor CE-marked. It measures visible movement and "
    "describes its pattern. It does not diagnose or exclude any disease; a quiet video does not mean absence of "
    "disease. A qualified clinician must review the result with history and examination. Do not delay care because "
    "of this output."
)
SIMULATED_PORTRAIT = "Simulated clip: the portrait shows a real person who has no such sign."
SIMULATED_SKIN = "Simulated clip: the skin is computed and shows no person."
PATTERN_WORDS: dict[PatternLabel, str] = {
    "intermittent-focal": "on and off, at one place",
    "migrating": "moving from place to place",
    "sustained-facial": "almost continuous, in the face",
    "no-twitch": "no twitch seen",
    "indeterminate": "no pattern can be named",
}
MOST_PLACES_NAMED = 4  # a longer list is counted instead
NEUROLOGIST_YES = (
    "See a neurologist, whatever stands below: {count} of the reasons to do so {was} answered with yes. "
    "This program can neither confirm nor exclude a cause."
)
NEUROLOGIST_NOT_ASKED = (
    "None of the reasons to see a neurologist was asked. If any of them applies, see one, whatever stands below."
)
NEUROLOGIST_NO = "Reasons to see a neurologist: none of those asked was answered with yes."


def summary_lines(document: ResultDocument) -> list[str]:
    """Say the whole result in about ten lines for a terminal; the last one is `REQUIRED_WORDING`."""
    from_quality = [f"Note: {warning.message} {warning.advice}".strip() for warning in document.quality.warnings]
    neurologist = neurologist_sentences(document)
    lines = [
        *(neurologist if neurologist_comes_first(document) else []),
        answer_sentence(document),
        simulated_sentence(document),
        pattern_sentence(document),
        reason_sentence(document),
        frequency_sentence(document),
        rhythm_sentence(document),
        spread_sentence(document),
        closure_sentence(document),
        *limit_sentences(document),
        rejected_sentence(document),
        *from_quality,
        *([] if neurologist_comes_first(document) else neurologist),
        REQUIRED_WORDING,
    ]
    return [line for line in lines if line]


def neurologist_comes_first(document: ResultDocument) -> bool:
    """Say whether the clinician stands before the answer: with any yes, or with nothing asked."""
    answers = {reason.answer for reason in neurologist_reasons(document.context)}
    return "yes" in answers or answers == {"not asked"}


def neurologist_sentences(document: ResultDocument) -> list[str]:
    """List every reason to see a neurologist by its answer, and say first what follows from them."""
    reasons = neurologist_reasons(document.context)
    by_answer = {
        answer: [reason.text[0].lower() + reason.text[1:] for reason in reasons if reason.answer == answer]
        for answer in ("yes", "no", "not asked")
    }
    yes = len(by_answer["yes"])
    lead = NEUROLOGIST_YES.format(count=yes, was="was" if yes == 1 else "were")
    if not yes:
        lead = NEUROLOGIST_NOT_ASKED if not by_answer["no"] else NEUROLOGIST_NO
    lists = [f"{answer.capitalize()}: {'; '.join(texts)}." for answer, texts in by_answer.items() if texts]
    return [lead, *lists]


def recording_facts(document: ResultDocument) -> list[tuple[str, str]]:
    """Say what the user said of the film, as pairs of a word and its value; what was not said is left out."""
    said = document.recording
    mirrored = {True: "yes", False: "no", None: None}[said.mirrored]
    pairs = [("Body part", said.body_part), ("Side", said.side), ("Filmed on", said.filmed_on), ("Mirrored", mirrored)]
    return [(word, value) for word, value in pairs if value is not None]


def context_facts(document: ResultDocument) -> list[tuple[str, str]]:
    """Say what else was answered, as pairs of a question and its answer; what was not asked is left out."""
    if document.context is None:
        return []
    given = document.context.model_dump()
    pairs = [("Asked on", document.context.asked_on)]
    pairs += [(question.text, given[question.section][question.key]) for question in questions()]
    return [(text, str(value)) for text, value in pairs if value not in (None, "not asked")]


def closure_beside(document: ResultDocument) -> str:
    """Say what was measured beside the asked closing of the lid; empty where no eye was seen."""
    eyes = document.features.eye_closure
    if eyes.count is None:
        return ""
    longest = "" if eyes.longest_s is None else f", the longest {measured(eyes.longest_s, 's')}"
    return (
        f"Measured in this clip: {counted(eyes.count, 'closure')} of an eye, blinks included, "
        f"{eyes.complete_count or 0} of them complete, {eyes.one_sided_count or 0} one-sided{longest}."
    )


def answer_sentence(document: ResultDocument) -> str:
    """Say in one sentence what the clip shows."""
    teller = {
        "intermittent-focal": _focal,
        "migrating": _migrating,
        "sustained-facial": _sustained,
        "no-twitch": _none_seen,
        "indeterminate": _unsettled,
    }[document.pattern.label]
    return teller(document)


def simulated_sentence(document: ResultDocument) -> str:
    """Say that nobody's sign was filmed; empty for a real clip."""
    if not document.clip.is_simulated:
        return ""
    return SIMULATED_SKIN if document.view == "skin" else SIMULATED_PORTRAIT


def pattern_sentence(document: ResultDocument) -> str:
    """Name the label and how sure the model is; where no call was made, say what came nearest."""
    call = document.pattern
    if call.label == "indeterminate":
        ranked = sorted(call.probability.items(), key=lambda item: -item[1])[:2]
        nearest = listing([f"{PATTERN_WORDS[name]} ({probability(value)})" for name, value in ranked])
        return f"Pattern: indeterminate. Nearest: {nearest}."
    value = call.probability.get(call.label)
    sure = "" if value is None else f", probability {probability(value)}"
    return f"Pattern: {call.label} ({PATTERN_WORDS[call.label]}){sure}."


def reason_sentence(document: ResultDocument) -> str:
    """Say what decided, or, where no call was made, what to film next: the answer has the first reason already."""
    if document.pattern.label == "indeterminate":
        return " ".join(_sentence(reason) for reason in document.pattern.reasons[1:2])
    return "".join(f"Why: {_sentence(reason)}" for reason in document.pattern.reasons[:1])


def frequency_sentence(document: ResultDocument) -> str:
    """Say how often, with the interval of the rate."""
    frequency = document.features.frequency
    if not frequency.event_count:
        return ""
    parts = [_how_many(document)]
    if frequency.rate_per_min_ci95 is not None:
        low, high = frequency.rate_per_min_ci95
        parts.append(f"95 % interval of the rate {whole(low)} to {whole(high)} a minute")
    if frequency.duty_cycle is not None:
        parts.append(f"in movement for {share(frequency.duty_cycle)} of the time")
    return f"How often: {'; '.join(parts)}."


def rhythm_sentence(document: ResultDocument) -> str:
    """Say how regular, or that there are too few events to say."""
    rhythm = document.features.rhythmicity
    if not document.features.frequency.event_count:
        return ""
    intervals = counted(rhythm.interval_count, "interval")
    if rhythm.verdict == "too-few-events":
        return f"How regular: too few twitches to say ({intervals})."
    figure = "" if rhythm.lv is None else f", LV {significant(rhythm.lv)} where 0 is a clock and 1 is chance"
    return f"How regular: {rhythm.verdict} ({intervals}{figure})."


def spread_sentence(document: ResultDocument) -> str:
    """Say how far spread."""
    spread = document.features.spread
    if not document.features.frequency.event_count:
        return ""
    sides = {"left": "left side", "right": "right side", "midline": "midline", "both": "both sides"}
    where = "" if spread.laterality is None else f", {sides[spread.laterality]}"
    regions = counted(spread.region_count, "region")
    return f"How far spread: {counted(spread.site_count, 'place')} in {regions}{where}."


def closure_sentence(document: ResultDocument) -> str:
    """Say how often the eyes closed, and whether that is a finding; empty where no eye was seen."""
    eyes = document.features.eye_closure
    if eyes.count is None:
        return ""
    parts = [counted(eyes.count, "closure")]
    if eyes.count and eyes.per_min is not None:
        parts.append(f"{whole(eyes.per_min)} a minute")
    if eyes.count and eyes.one_sided_count is not None:
        parts.append(f"{eyes.one_sided_count} of them one-sided")
    if eyes.count and eyes.longest_s is not None:
        parts.append(f"the longest {measured(eyes.longest_s, 's')}")
    finding = f" {_sentence(eyes.reason)}" if eyes.is_finding and eyes.reason else ""
    return f"Eyes: {', '.join(parts)}.{finding}"


def limit_sentences(document: ResultDocument) -> list[str]:
    """Say what the clip could not show: time not watched, movements too small."""
    quality, clip = document.quality, document.clip
    watched = f"Watched: {whole(quality.observed_s)} s of clear view in a clip of {whole(clip.duration_s)} s."
    if quality.limit_of_detection_px is None:
        return [watched, "How small a twitch could have been seen in this clip is not known."]
    missed = f"smaller than {limit_of_detection(document)} may have been missed"
    return [watched, f"Away from the places found, twitches {missed}." if document.sites else f"Twitches {missed}."]


def region_limits_sentence(document: ResultDocument) -> str:
    """List the limit of every region, the finest first; empty where there are not several."""
    limits = sorted(document.quality.region_limits, key=lambda one: one.limit_of_detection_px)
    if len(limits) < 2:
        return ""
    each = [f"{place(one.name, one.side)} {significant(one.limit_of_detection_px)} px" for one in limits]
    return f"Smallest twitch that would have been seen, by region: {', '.join(each)}."


def limit_of_detection(document: ResultDocument) -> str:
    """Write the limit in px and in what else is known: mm, or the distance between the outer eye corners."""
    quality = document.quality
    if quality.limit_of_detection_px is None:
        return "an unknown size"
    also = []
    if quality.limit_of_detection_mm is not None:
        also.append(f"{significant(quality.limit_of_detection_mm)} mm")
    if quality.limit_of_detection_iod is not None:
        also.append(f"{significant(100 * quality.limit_of_detection_iod)} % of the distance between the eyes' corners")
    return f"{significant(quality.limit_of_detection_px)} px" + (f" ({', '.join(also)})" if also else "")


def rejected_sentence(document: ResultDocument) -> str:
    """Count the movements that were set apart, by kind; empty where there were none."""
    kinds = Counter(movement.kind for movement in document.rejected)
    if not kinds:
        return ""
    named = [f"{kind_words(kind)} ({'throughout' if kind in THROUGHOUT else n})" for kind, n in kinds.items()]
    return f"Set apart, not counted: {listing(named)}."


def kind_words(kind: str) -> str:
    """Say the kind of a rejected movement as people do: "head motion"."""
    return kind.replace("-", " ")


def place(name: str, side: str | None) -> str:
    """Say where as people do: "right lower eyelid", "chin", "skin"."""
    words = name.replace("-", " ")
    return words if side in (None, "midline") else f"{side} {words}"


def _focal(document: ResultDocument) -> str:
    frequency = document.features.frequency
    bursts = quiet = ""
    if frequency.burst_count and frequency.within_burst_hz is not None:
        bursts = f", in bursts of about {whole(frequency.within_burst_hz)} a second"
    if frequency.longest_quiet_s is not None:
        quiet = f", with quiet gaps of up to {whole(frequency.longest_quiet_s)} s"
    where, strays = _one_place(document)
    stray = f", {strays} of them elsewhere" if strays else ""
    return f"Twitching at one place, {where}: {_how_many(document)}{stray}{bursts}{quiet}."


def _migrating(document: ResultDocument) -> str:
    spread = document.features.spread
    where = "of the skin" if document.view == "skin" else f"in {counted(spread.region_count, 'region')}"
    busiest = ""
    if spread.busiest_site_share is not None:
        busiest = f", the busiest place holding {share(spread.busiest_site_share)} of them"
    return (
        f"Twitching that moves about, at {counted(spread.site_count, 'place')} {where}: {_how_many(document)}{busiest}."
    )


def _sustained(document: ResultDocument) -> str:
    frequency = document.features.frequency
    moving = _how_many(document)
    if frequency.duty_cycle is not None:
        moving = f"in movement for {share(frequency.duty_cycle)} of {whole(frequency.observed_s)} s of clear view"
    rate = ""
    if frequency.dominant_hz is not None:
        rate = f", about {whole(frequency.dominant_hz)} a second at the busiest place"
    return f"Almost continuous twitching {_regions(document)}: {moving}{rate}."


def _none_seen(document: ResultDocument) -> str:
    observed_s = whole(document.quality.observed_s)
    if document.quality.limit_of_detection_px is None:
        return f"Twitches: none seen in {observed_s} s of clear view."
    return f"Twitches: none seen in {observed_s} s of clear view, down to {limit_of_detection(document)}."


def _unsettled(document: ResultDocument) -> str:
    frequency, quality = document.features.frequency, document.quality
    if not quality.usable:
        seen = f"{whole(quality.observed_s)} s of clear view are not enough to go on"
    elif frequency.event_count:
        seen = f"{_how_many(document)}, {_regions(document)}"
    else:
        seen = _none_seen(document).removeprefix("Twitches: ").removesuffix(".")
    why = f" {_sentence(document.pattern.reasons[0])}" if document.pattern.reasons else ""
    return f"This clip does not settle the pattern: {seen}.{why}"


def _how_many(document: ResultDocument) -> str:
    """Say "14 twitches in 29 s of clear view (29 a minute)"."""
    frequency = document.features.frequency
    rate = "" if frequency.rate_per_min is None else f" ({whole(frequency.rate_per_min)} a minute)"
    twitches = counted(frequency.event_count, "twitch", "twitches")
    return f"{twitches} in {whole(frequency.observed_s)} s of clear view{rate}"


def _regions(document: ResultDocument) -> str:
    """Name the regions that twitched, the busiest first, or count them where they are many."""
    active = sorted((region for region in document.regions if region.event_count), key=_busiest_first)
    if not active:
        return "at no known place"
    if len(active) > MOST_PLACES_NAMED:
        return f"in {len(active)} regions, most often the {place(active[0].name, active[0].side)}"
    return f"at {listing([f'the {place(region.name, region.side)}' for region in active])}"


def _one_place(document: ResultDocument) -> tuple[str, int]:
    """Name the busiest region, with the other lid where both lids of a side twitch, and count what lies elsewhere."""
    active = sorted((region for region in document.regions if region.event_count), key=_busiest_first)
    if not active:
        return "not named", 0
    own = [region for region in active if region is active[0] or _are_lids_of_one_side(region, active[0])]
    strays = sum(region.event_count for region in active) - sum(region.event_count for region in own)
    return listing([f"the {place(region.name, region.side)}" for region in own]), strays


def _are_lids_of_one_side(one: RegionRecord, other: RegionRecord) -> bool:
    return one.side == other.side and one.name.endswith("eyelid") and other.name.endswith("eyelid")


def _busiest_first(region: RegionRecord) -> int:
    return -region.event_count


def _sentence(text: str) -> str:
    """Let a reason stand as a sentence: capital letter, one full stop."""
    trimmed = text.strip()
    return trimmed[:1].upper() + trimmed[1:] + ("" if trimmed.endswith((".", "!", "?")) else ".")
