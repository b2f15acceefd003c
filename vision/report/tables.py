"""Tables of the report: every figure with its unit, its interval where it has one, and a line that explains it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vision.model.events import Site, TwitchEvent
from vision.model.features import Frequency, IntervalRhythm, RhythmVerdict
from vision.model.result import ResultDocument
from vision.report.text import place
from vision.report.units import NOT_MEASURED, counted, listing, measured, p_value, share, significant, whole

IOD_WORDS = "% of the distance between the outer corners of the eyes"


@dataclass(frozen=True)
class Row:
    """One figure. `interval` is empty where no 95 % interval was computed."""

    name: str
    value: str
    meaning: str
    interval: str = ""


def figure(row: Row) -> str:
    """Write a figure with its interval, where it has one."""
    return f"{row.value} ({row.interval})" if row.interval else row.value


@dataclass(frozen=True)
class SiteRow:
    """One place where twitches live."""

    number: int
    where: str
    event_count: int
    amplitude: str
    direction: str


def feature_groups(document: ResultDocument) -> list[tuple[str, list[Row]]]:
    """Give the three things asked for, and the eyes, each with its rows."""
    return [
        ("How often", frequency_rows(document)),
        ("How regular", rhythm_rows(document)),
        ("How far spread", spread_rows(document)),
        ("Eye closure", closure_rows(document)),
    ]


def frequency_rows(document: ResultDocument) -> list[Row]:
    """Say how often it twitches."""
    f = document.features.frequency
    interval = "too few bursts for an interval" if f.rate_interval == "too-few-bursts" else ""
    if f.rate_per_min_ci95 is not None:
        interval = f"{significant(f.rate_per_min_ci95[0])} to {significant(f.rate_per_min_ci95[1])} a minute"
    return [
        Row("Twitches", str(f.event_count), "Single twitches found."),
        Row("Clear view", measured(f.observed_s, "s", 3), "Time in which a twitch could have been seen."),
        Row("Rate", measured(f.rate_per_min, "a minute", 3), "Twitches divided by the time of clear view.", interval),
        Row("Change over the clip", *_trend(f)),
        Row("Bursts", _count(f.burst_count), "Groups of twitches in quick succession."),
        Row("Twitches in a burst", measured(f.events_per_burst, ""), "On average, at one place."),
        Row("Burst rate", measured(f.burst_rate_per_min, "a minute"), "Bursts divided by the time of clear view."),
        Row("Rate within bursts", measured(f.within_burst_hz, "Hz"), "Twitches a second inside a burst."),
        Row("Dominant rate", measured(f.dominant_hz, "Hz"), "One over the median interval at the busiest place."),
        Row("Time in movement", _share(f.duty_cycle), "Share of the clear view in which any place was moving."),
        Row("Longest quiet", measured(f.longest_quiet_s, "s"), "Longest watched time without a twitch."),
        Row("Longest run", measured(f.longest_run_s, "s"), "Longest movement without a pause."),
        Row(
            "Fastest rhythm seen",
            measured(f.nyquist_hz, "Hz"),
            "Half the frame rate: a faster one passes for a slower one.",
        ),
        Row(
            "Rhythms told apart",
            measured(f.resolution_hz, "Hz"),
            "Finest difference of two rhythms in a clip of this length.",
        ),
    ]


def _trend(frequency: Frequency) -> tuple[str, str, str]:
    meaning = "Rate at the end divided by the rate at the beginning, as a steady course."
    if frequency.trend is None:
        return NOT_MEASURED, meaning, ""
    low, high = frequency.trend.ratio_ci95
    return f"{significant(frequency.trend.ratio)} times", meaning, f"{significant(low)} to {significant(high)} times"


def _peak(document: ResultDocument) -> str:
    """Spectral peak of the busiest site, with what else moves at that frequency."""
    peak_hz = document.features.rhythmicity.spectral_peak_hz
    spectra = document.features.frequency.spectra
    marks = next((spectrum.marks for spectrum in spectra if spectrum.peak_hz == peak_hz and peak_hz is not None), ())
    return measured(peak_hz, "Hz") + (f" (as {', '.join(marks)})" if marks else "")


def rhythm_rows(document: ResultDocument) -> list[Row]:
    """Say how regular it is."""
    r = document.features.rhythmicity
    surrogate = NOT_MEASURED if r.surrogate_p is None else p_value(r.surrogate_p)
    return [
        Row(
            "Verdict",
            text_of_verdict(r.verdict),
            "No verdict is given on too few twitches: below ten, chance looks like anything.",
        ),
        Row("Intervals", str(r.interval_count), "From one onset to the next, never across a gap in the view."),
        Row("CV", measured(r.cv, ""), "Spread of the intervals over their mean; 0 a clock, 1 chance."),
        Row("CV2", measured(r.cv2, ""), "The same between neighbouring intervals, so that slow drift does not count."),
        Row("LV", measured(r.lv, ""), "Local variation: 0 a clock, 1 chance, above 1 bursts."),
        Row("LvR", measured(r.lvr, ""), "Local variation with the dead time of the detector taken out."),
        Row("LV within bursts", measured(r.within_burst_lv, ""), "How regular the twitches of one burst are."),
        Row("LV between bursts", measured(r.between_burst_lv, ""), "How regular the bursts follow each other."),
        Row("Verdict within bursts", _inner_verdict(r.within_bursts), "The same verdict for the twitches of a burst."),
        Row("Verdict between bursts", _inner_verdict(r.between_bursts), "The same verdict from burst to burst."),
        Row("Spectral peak", _peak(document), "Strongest rhythm in the movement itself."),
        Row("Against chance", surrogate, "How often chance with the same dead time looks as regular."),
    ]


def _inner_verdict(rhythm: IntervalRhythm | None) -> str:
    return (
        NOT_MEASURED
        if rhythm is None
        else f"{text_of_verdict(rhythm.verdict)} ({counted(rhythm.interval_count, 'interval')})"
    )


def text_of_verdict(verdict: RhythmVerdict) -> str:
    """Say "too few twitches", else the verdict as it is."""
    return "too few twitches" if verdict == "too-few-events" else verdict


def spread_rows(document: ResultDocument) -> list[Row]:
    """Say how far spread it is."""
    s = document.features.spread
    dispersion = NOT_MEASURED if s.dispersion_p is None else p_value(s.dispersion_p)
    migration = NOT_MEASURED if s.migration_p is None else p_value(s.migration_p)
    also_iod = "" if s.path_iod is None else f" ({significant(100 * s.path_iod)} % of the eye-corner distance)"
    also_mm = "" if s.path_mm is None else f" ({measured(s.path_mm, 'mm')})"
    together = NOT_MEASURED if s.synchrony_p is None else p_value(s.synchrony_p)
    order = ", then ".join(_step_text(step) for step in s.recruitment_steps or [(label,) for label in s.recruitment])
    return [
        Row("Regions", str(s.region_count), "Parts of the anatomy in which twitches were found."),
        Row("Places", str(s.site_count), "Spots that can be told apart."),
        Row(
            "Effective places", measured(s.effective_site_count, ""), "Places, each counting by its share of twitches."
        ),
        Row("Busiest place", _share(s.busiest_site_share), "Share of all twitches that it holds."),
        Row("Entropy", measured(s.entropy, "nat"), "0 where one place holds all twitches; higher, wider spread."),
        Row("One place?", dispersion, "Small where the twitches cannot all come from a single place."),
        Row("Side", s.laterality or NOT_MEASURED, "The patient's side."),
        Row("Area", _share(s.area_fraction), "Widths of the places together, as a share of the watched skin."),
        Row(
            "Moving about",
            measured(s.migration_index, ""),
            "Steps from twitch to twitch against a shuffled order; above 1, on to places farther away.",
        ),
        Row("Order against chance", migration, "How often a shuffled order moves on as much."),
        Row("Path", measured(s.path_px, "px", 3) + also_iod + also_mm, "Way from each twitch to the next, added up."),
        Row("Synchrony", _share(s.synchrony), "Share of twitches that peak together with one in another region."),
        Row("Synchrony by chance", _share(s.synchrony_chance), "What it would be if no region knew of another."),
        Row("Together by chance?", together, "Small where regions move together too often for chance: one movement."),
        Row(
            "Order of regions",
            order or NOT_MEASURED,
            "Which region twitched first, which followed; together: closer in time than the frames can tell.",
        ),
    ]


def _step_text(step: Sequence[str]) -> str:
    names = [label.replace("-", " ") for label in step]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} together"


def closure_rows(document: ResultDocument) -> list[Row]:
    """Say how the eyes closed."""
    e = document.features.eye_closure
    return [
        Row("Closures", _count(e.count), "All closures of an eye, blinks included."),
        Row("Closure rate", measured(e.per_min, "a minute"), "At rest people blink about 17 times a minute."),
        Row("Complete", _count(e.complete_count), "Closures in which the lids met."),
        Row("One-sided", _count(e.one_sided_count), "Closures of one eye alone: measured, never taken for blinks."),
        Row("Longest", measured(e.longest_s, "s"), "Longest closure; a blink lasts up to 0.4 s."),
    ]


def site_rows(document: ResultDocument) -> list[SiteRow]:
    """Give a row for each site, in order of its number."""
    return [_site_row(document, site) for site in document.sites]


def arrow_words(direction_rad: float | None) -> str:
    """Say a direction in the picture in eight words; y grows downwards."""
    if direction_rad is None:
        return NOT_MEASURED
    words = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")
    return words[round(direction_rad / (math.pi / 4)) % 8]


def amplitude_words(event: TwitchEvent) -> str:
    """Write how far the skin moved: in px, and in brackets in mm and in % of the eye-corner distance where known."""
    return f"{event.amplitude_px:.2f} px{_also(event)}"


def _also(event: TwitchEvent) -> str:
    mm = [] if event.amplitude_mm is None else [measured(event.amplitude_mm, "mm")]
    iod = [] if event.amplitude_iod is None else [f"{significant(100 * event.amplitude_iod)} %"]
    return f" ({'; '.join([*mm, *iod])})" if mm or iod else ""


def amplitude_note(document: ResultDocument) -> str:
    """Say what stands in brackets behind an amplitude; nothing where nothing does."""
    mm = ["mm"] if any(event.amplitude_mm is not None for event in document.events) else []
    iod = [IOD_WORDS] if any(event.amplitude_iod is not None for event in document.events) else []
    return f"In brackets: {listing([*mm, *iod])}." if mm or iod else ""


def _site_row(document: ResultDocument, site: Site) -> SiteRow:
    own = sorted((one for one in document.events if one.site == site.id), key=lambda event: event.amplitude_px)
    middle = own[len(own) // 2] if own else None
    amplitude = NOT_MEASURED if middle is None else measured(middle.amplitude_px, "px") + _also(middle)
    direction = arrow_words(site.direction_rad)
    return SiteRow(site.id, place(site.region, site.side), site.event_count, amplitude, direction)


def headline_figures(document: ResultDocument) -> list[tuple[str, str, str]]:
    """Give the four figures under the answer: word, figure, small print."""
    f, r, s = document.features.frequency, document.features.rhythmicity, document.features.spread
    interval = "" if f.rate_per_min_ci95 is None else " to ".join(whole(end) for end in f.rate_per_min_ci95)
    spread = (counted(s.site_count, "place"), f"in {counted(s.region_count, 'region')}")
    if not f.event_count:
        spread = ("none seen", "no place that twitched")
    rate = NOT_MEASURED if f.rate_per_min is None else f"{whole(f.rate_per_min)} a minute"
    return [
        (
            "How often",
            rate,
            f"95 % interval {interval} a minute" if interval else counted(f.event_count, "twitch", "twitches"),
        ),
        ("How regular", text_of_verdict(r.verdict), counted(r.interval_count, "interval")),
        ("How far spread", *spread),
        ("Time in movement", _share(f.duty_cycle), f"of {whole(f.observed_s)} s of clear view"),
    ]


def _count(value: int | None) -> str:
    return NOT_MEASURED if value is None else str(value)


def _share(value: float | None) -> str:
    return NOT_MEASURED if value is None else share(value)
