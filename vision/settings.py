"""Frozen settings with units and sources. A settings file is TOML with one table for each class below.

A number without a cited source is our choice, unvalidated: it was derived as said beside it, or set while looking at
the shared cases and at simulated clips, never at a patient's recording.
"""

from __future__ import annotations

import difflib
import hashlib
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoSettings(_Section):
    """What is read."""

    shortest_clip_s: float = Field(2.0, gt=0, description="Shorter clips are refused: two bursts would not fit in.")
    largest_frame_px: int = Field(7680 * 4320, gt=0, description="Pixels of a frame; 8K is the largest a phone films.")
    longest_clip_s: float = Field(1800.0, gt=0, description="Longer clips are refused: cut them first.")
    small_side_px: int = Field(320, ge=64, description="Longer side of the RGB picture that the face model sees.")
    most_frames: int = Field(432_000, gt=0, description="Longer films are refused: 30 min at 240 frames a second.")
    most_streams: int = Field(
        32, gt=0, description="Of film, sound and data in one file; phones write up to 8 (our choice)."
    )
    largest_animation_px: int = Field(
        1_000_000_000, gt=0, description="Pixels of all pictures of a WebP animation, which is held in memory."
    )
    slow_motion_ratio: float = Field(
        1.5,
        gt=1,
        description="Capture rate in the maker's metadata ÷ rate of the file from which a film is slowed "
        "down: a dim 30 falls to 24 (1.25), the mildest slow motion is 2 (our choice).",
    )
    follow_links: bool = Field(False, description="Whether a symbolic link stands for the file that it points to.")


class LimitSettings(_Section):
    """What the child process that reads a clip may use (`vision.isolate`). All our choice, unvalidated."""

    memory_bytes: int = Field(4 << 30, ge=1 << 28, description="Address space; the libraries alone take 0.7 GiB of it.")
    run_s: float = Field(4 * 3600.0, gt=0, description="For one clip: eight times the length of the longest one.")
    silence_s: float = Field(
        600.0, gt=0, description="Without a sign of progress, or as long as all before; then the clip counts as hung."
    )
    answer_bytes: int = Field(2 << 30, gt=0, description="Of measured motion that one clip may hand back.")


class FetchSettings(_Section):
    """What may be fetched from elsewhere (`vision.library.remote`). All our choice, unvalidated."""

    stores: tuple[str, ...] = Field(
        ("s3", "gs"), description="Schemes of addresses that clips are read from; such as az or abfs besides."
    )
    largest_bytes: int = Field(16 << 30, gt=0, description="Of one clip: 30 min of 4K at 70 Mbit a second.")
    longest_s: float = Field(1800.0, gt=0, description="For one clip; then its store counts as not answering.")


class LocateSettings(_Section):
    """Where the body part is looked for."""

    landmark_rate_hz: float = Field(
        12.0, gt=0, description="Face landmarks a second; twice the fastest blink phase (100 ms, science.md) is 10 Hz."
    )
    preview_frame_count: int = Field(6, ge=1, description="Frames looked at to decide the view.")
    smallest_face_iod_px: float = Field(
        60.0, gt=0, description="Outer-eye distance below which a warning says that the face is too small."
    )


class MotionSettings(_Section):
    """How displacement is measured. Set on two of the shared cases and on simulated clips, unvalidated on others."""

    working_iod_px: float = Field(220.0, gt=0, description="Larger faces are reduced to this outer-eye distance.")
    working_side_px: int = Field(960, ge=64, description="Larger pictures of skin are reduced to this longer side.")
    working_face_side_px: int = Field(640, ge=64, description="But a face or an eye never below this longer side.")
    cell_iod: float = Field(
        0.03, gt=0, description="Side of a cell of the motion grid: 0.4 of the reference footprint (0.075)."
    )
    cell_px: float = Field(7.0, ge=4, description="The same on skin: 0.4 of the reference footprint of 16 px.")
    cell_side: float = Field(
        0.0105,
        gt=0,
        description="And at least so much of the skin's longer side, with which footprints grow: 7 px of 640.",
    )
    pool_px: float = Field(
        3.0, gt=0, description="Reach of the coarse search, in pixels of each level: a window of 21 px, as is usual."
    )
    presmooth_px: float = Field(0.7, ge=0, description="Gaussian before gradients: keeps them linear over a pixel.")
    illumination_cells: float = Field(8.0, gt=0, description="Reach of the local brightness that is divided out.")
    prior_share: float = Field(0.02, gt=0, description="Pull of a cell without texture towards its neighbours.")
    prior_cells: float = Field(
        0.6, gt=0, description="Reach of those neighbours: a quarter of the reference footprint."
    )
    reference_frame_count: int = Field(
        16, ge=1, description="Frames whose median is the reference: its own noise falls to a third of a frame's."
    )
    lost_luma: float = Field(25.0, gt=0, description="Grey levels of mismatch at which the reference is lost.")
    lost_share: float = Field(
        0.8, gt=0, description="Mismatch ÷ texture at which a cell no longer fits: correlation falls below two thirds."
    )
    neighbour_cells: float = Field(
        2.0, gt=0, description="Reach over which residuals are averaged to see a twitch's skirt: its own footprint."
    )
    smooth_order: int = Field(
        2, ge=1, le=3, description="Order of the motion taken out as that of the body: bends, but no local twitch."
    )
    smooth_order_eye: int = Field(
        1, ge=1, le=3, description="The same in an eye close-up, where a twitch is as wide as what order 2 can bend to."
    )


class DetectionSettings(_Section):
    """When a movement counts as a twitch.

    Where no source stands, chosen for the reason given and set while looking at the shared cases and the samples:
    figures measured on those are optimistic. Unvalidated on other footage.
    """

    footprint_sigma_iod: tuple[float, ...] = Field(
        (0.055, 0.085, 0.13), min_length=1, description="Footprints looked for on a face, around the reference 0.075."
    )
    footprint_sigma_side: tuple[float, ...] = Field(
        (0.018, 0.028, 0.044), min_length=1, description="The same on skin, as shares of the picture's longer side."
    )
    rise_s: tuple[float, ...] = Field(
        (0.045, 0.09), min_length=1, description="Times to peak looked for: 35-110 ms (science.md)."
    )
    decay: float = Field(1.6, gt=0, description="Fall of a twitch ÷ its rise: relaxation is slower (science.md).")
    baseline_window_s: float = Field(
        2.0, gt=0, description="Slower movement is posture: longer than any burst of twitches."
    )
    noise_order: int = Field(6, ge=1, description="Order of the autoregression that whitens the noise in time.")
    single_strength: float = Field(
        6.0, gt=3, description="Noise widths from which a single movement is looked at, in a clip with heavy tails."
    )
    least_evidence: float = Field(
        4.0,
        gt=0,
        description="Strength of a single movement times the share of the motion around it, in space beyond what is "
        "usual and in time, that one twitch explains: below this, movements at rest are as many as twitches.",
    )
    lone_evidence: float = Field(
        5.2, gt=0, description="The same for a movement that stands alone in a clip; set on rests (docs/method.md)."
    )
    stray_rate_per_min: float = Field(
        0.1, gt=0, description="False movements a minute at `lone_evidence`; the detector's aim is 0.2 at most."
    )
    stray_fold: float = Field(
        0.5, gt=0, description="Evidence by which false movements become e times as few; set on rests."
    )
    false_discovery_share: float = Field(
        0.05, gt=0, lt=1, description="Of single movements that may be false (Benjamini & Hochberg 1995)."
    )
    wrong_way_share: float = Field(
        0.5, gt=0, le=1, description="Of a single twitch that may be moved back or across within half a second."
    )
    repeated_strength: float = Field(
        5.0,
        gt=3,
        description="The same for each of `repeat_count` twitches at one place: chance does not strike thrice.",
    )
    repeated_footprint: float = Field(
        4.0, gt=0, description="And the least of them times the share of their mean motion that one footprint explains."
    )
    repeated_evidence: float = Field(
        1.8,
        ge=0,
        description="And that, times the median share of their own course that a twitch explains; see shape.py.",
    )
    repeated_smallest_px: float = Field(
        0.2, ge=0, description="Twitches of a site below this may be the encoder's, see `continuous_smallest_px`."
    )
    repeated_limit_share: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Of a single twitch's limit that a site's must reach: 100 repeats lower it so.",
    )
    moment_s: float = Field(
        0.5, gt=0, description="Apart, twitches are separate moments: one sway or one glance makes several peaks."
    )
    repeat_count: int = Field(3, ge=2, description="Twitches that support each other; fewer are single ones.")
    event_strength: float = Field(3.5, gt=0, description="The same for any further twitch of a site that is known.")
    event_share: float = Field(
        0.3, gt=0, lt=1, description="Of the site's typical twitch that an event must reach: echoes are smaller."
    )
    overlap_share: float = Field(
        0.4, gt=0, lt=1, description="Of an overlapping neighbour's strength that a twitch needs: no waveform fits all."
    )
    dead_time_s: float = Field(
        0.1, gt=0, description="Events of one site closer than this are one: the shortest pause of lids (Banik 2004)."
    )
    echo_s: float = Field(0.27, ge=0, description="A weaker event elsewhere within this is an echo (science.md).")
    echo_share: float = Field(0.5, gt=0, le=1, description="Of the stronger one's strength; above it, it is no echo.")
    wide_share: float = Field(
        0.12, gt=0, le=1, description="Share of all places that move at once when the whole part does: 3 footprints."
    )
    wide_margin_s: float = Field(0.2, ge=0, description="Before and after a movement of the whole part that it spoils.")
    polarised_ratio: float = Field(
        2.5, gt=1, description="Motion along ÷ across its own direction, from which on lasting activity is suspected."
    )
    polarised_height: float = Field(2.0, gt=1, description="Motion along that direction ÷ the noise expected there.")
    continuous_noise_sd: float = Field(3.0, gt=0, description="Noise widths above its own floor that make it active.")
    continuous_peak_share: float = Field(
        0.35, gt=0, lt=1, description="Of the typical rise that a further peak needs: smaller ones ride on another."
    )
    continuous_smallest_px: float = Field(
        0.35,
        gt=0,
        description="Smaller lasting motion may be the encoder's: H.264 and HEVC move blocks by quarter pixels.",
    )
    continuous_explained: float = Field(
        0.7, gt=0, le=1, description="Of the motion around lasting activity that its footprint explains at least."
    )
    continuous_uneven: float = Field(
        0.7, gt=0, description="Standard deviation of its heights ÷ their mean, at most; set on one clip, our choice."
    )
    continuous_slowest_hz: float = Field(
        2.0, gt=0, description="Slowest twitching that lasts (units 2-60 Hz, AAEM 37)."
    )
    continuous_skew: float = Field(
        0.35,
        gt=0,
        description="Skewness of the steps, where 6 frames and more lie between peaks: twitches go out quicker than "
        "they come back. Theirs had 0.4-1.2 at the strongest place of a face, an encoder's erratic blocks 0.1-0.2 "
        "(shared and simulated films).",
    )
    continuous_steady: float = Field(
        0.25,
        ge=0,
        description="Robust scatter of the intervals ÷ their median, up to which it need not be skewed: swings of 5 Hz "
        "have 0.0-0.1, an encoder's erratic blocks had 0.6 (one simulated film). Our choice.",
    )
    continuous_quick_share: float = Field(
        0.65, gt=0, lt=1, description="Of the motion's power that must be quicker than that; rest has half of it there."
    )
    continuous_company_share: float = Field(
        0.8, gt=0, le=1, description="Of these bars, for further places of a clip in which one is active; our choice."
    )
    continuous_rate_hz: float = Field(
        1.0, gt=0, description="Twitches a second of continuous activity at least; lids fire at 3-8 Hz (Banik 2004)."
    )
    shadow_share: float = Field(
        0.5, gt=0, lt=1, description="Of the largest lasting activity that another place needs to be one of its own."
    )
    continuous_duty: float = Field(
        0.4, gt=0, lt=1, description="Active share from which on a site counts as continuous."
    )
    continuous_lamp_share: float = Field(
        0.33,
        gt=0,
        le=1,
        description="Share of a place's quick motion that goes with a lamp's flicker, above which nothing there is "
        "taken to last: 0.03-0.13 on a face under a lamp, 0.5-0.9 where bands of light drag the tracker. Our choice.",
    )


class QualitySettings(_Section):
    """When a clip gets a warning. Our choice, unvalidated, except where a source stands."""

    shortest_useful_s: float = Field(10.0, gt=0, description="Less watched time carries no answer.")
    good_rate_hz: float = Field(50.0, gt=0, description="At 60 a second 87 % of a 50 ms peak is seen (science.md).")
    good_duration_s: float = Field(60.0, gt=0, description="At 3 a minute, 60 s show one with 95 % (science.md).")
    small_face_iod_px: float = Field(120.0, gt=0, description="A twitch of 0.01 of it is then near a pixel.")
    frozen_share: float = Field(0.06, gt=0, lt=1, description="Of all cells and frames that did not move at all.")
    blind_frozen_share: float = Field(
        0.2, gt=0, lt=1, description="From which on an encoder hides twitches, so that no limit can be given."
    )
    flicker_share: float = Field(0.02, gt=0, description="Standard deviation of brightness, as a share.")
    dim_level: float = Field(40.0, gt=0, description="Grey level of the skin, 0-255.")
    shaky_px: float = Field(6.0, gt=0, description="Mean step of the picture from frame to frame.")


class FeatureSettings(_Section):
    """How events become figures. Cut-offs without a source: our choice, unvalidated."""

    surrogate_count: int = Field(499, ge=99, description="Trains drawn by chance for each test: p down to 0.002.")
    bootstrap_count: int = Field(2000, ge=200, description="Resamples behind an interval: its ends within 1 %.")
    smallest_burst_event_count: int = Field(3, ge=2, description="Events of a burst at least; two may be chance.")
    burst_void: float = Field(
        0.7, gt=0, lt=1, description="Depth of the valley between the two kinds of interval (Selinger 2007)."
    )
    burst_p: float = Field(0.01, gt=0, lt=1, description="How often chance may part intervals as clearly.")
    longest_within_burst_s: float = Field(
        0.5, gt=0, description="Commonest interval inside bursts at most: lids pause 0.5-3 s between (Palasí 2013)."
    )
    longest_burst_threshold_s: float = Field(
        1.0, gt=0, description="Valley at most at 1 s, beyond it nothing is a burst (Pasquale 2010)."
    )
    smallest_pause_ratio: float = Field(
        2.5, gt=1, description="A pause is so many times the interval inside: one missed event makes it 2."
    )
    smallest_bootstrap_burst_count: int = Field(
        8, ge=2, description="Bursts from which a rate that clumps gets an interval; fewer say nothing of their spread."
    )
    trend_count: int = Field(
        8, ge=4, description="Events, or bursts, below which no change over the clip is given; our choice."
    )
    run_bridge_s: float = Field(
        0.5, ge=0, description="A pause shorter than this does not end a run: silence is 0.5-3 s (Palasí 2013)."
    )
    smallest_interval_count: int = Field(3, ge=2, description="Intervals below which no mean, CV or LV is given.")
    rhythm_event_count: int = Field(
        10,
        ge=6,
        description="Events of a verdict: below 10, LV of pure chance spans 0.4-1.7 (derived, docs/method.md).",
    )
    rhythm_p: float = Field(
        0.04,
        gt=0,
        lt=1,
        description="Of the 5 % of chance trains that may be called rhythmic; a fifth is kept as margin.",
    )
    rhythmic_lv: float = Field(
        0.1, gt=0, description="LV of intervals with CV 0.26: 3/(2/CV² + 1) for gamma intervals (Shinomoto 2003)."
    )
    semi_rhythmic_lv: float = Field(
        0.5, gt=0, description="LV half-way between a clock (0) and chance (1); CV 0.63 for gamma intervals."
    )
    slowest_beat_hz: float = Field(
        0.5, gt=0, description="Slowest beat looked for in the onsets: slower ones have too few in a clip; our choice."
    )
    localisation_sd_iod: float = Field(
        0.035, gt=0, description="Error of a place on a face where none was measured: half the reference footprint."
    )
    localisation_sd_px: float = Field(
        8.0, gt=0, description="The same on skin: half the reference footprint of 16 px (architecture.md)."
    )
    migration_event_count: int = Field(8, ge=4, description="Movements below which their order is not tested.")
    one_movement_share: float = Field(
        0.5, gt=0, lt=1, description="Of events that coincide beyond chance: from here on sites are one movement."
    )
    coincidence_frames: float = Field(
        1.5, ge=0, description="One frame, and half of one for rounding: rolling shutter forbids finer lags."
    )
    open_level_window_s: float = Field(10.0, gt=0, description="Over which an eye counts as open most of the time.")
    open_level_quantile: float = Field(0.9, gt=0, lt=1, description="Of the aperture in that window.")
    smallest_open_aperture: float = Field(
        0.1, gt=0, description="Lid distance ÷ eye width; open eyes show 0.25-0.4, below 0.1 nothing can close further."
    )
    closure_depth: float = Field(0.4, gt=0, lt=1, description="Share of the open level by which a lid must come down.")
    partner_depth: float = Field(
        0.2, gt=0, lt=1, description="By which the other eye must take part to make a closure bilateral."
    )
    complete_depth: float = Field(
        0.7, gt=0, lt=1, description="From which a closure is complete: 12 samples a second seldom meet the deepest."
    )
    closure_noise_sd: float = Field(4.0, gt=0, description="Robust noise widths that a closure must exceed.")
    closure_refractory_s: float = Field(0.1, ge=0, description="Openings shorter than this do not part two closures.")
    longest_blink_s: float = Field(
        0.4, gt=0, description="Longer bilateral closures are no blinks (our choice, unvalidated)."
    )
    mouth_height_iod: float = Field(
        0.02,
        gt=0,
        description="Change of the lips' height from which a mouth talks; real talk has 0.05-0.17, rest to 0.016.",
    )
    mouth_corner_iod: float = Field(
        0.025, gt=0, description="Way of both corners alike from which a mouth smiles; rest has up to 0.017."
    )
    mouth_usual_window_s: float = Field(
        10.0, gt=0, description="Over which a mouth's usual shape is taken; our choice, as for the eyes."
    )
    mouth_pause_s: float = Field(
        0.6, gt=0, description="Shorter pauses do not part talk: syllables come 3-6 a second, breaths between them."
    )
    long_closure_s: float = Field(0.5, gt=0, description="From which a closure is a finding (our choice, unvalidated).")
    lid_settling_s: float = Field(
        0.6, ge=0, description="After a long closure, for which what moves at the lids is no twitch; our choice."
    )
    frequent_closures_per_min: float = Field(40.0, gt=0, description="Above it, a finding (our choice, unvalidated).")
    frequent_closure_watch_s: float = Field(10.0, gt=0, description="Watched at least before a rate of blinks counts.")
    cluster_closure_count: int = Field(4, ge=2, description="Closures within `cluster_window_s` make a cluster.")
    cluster_window_s: float = Field(3.0, gt=0, description="4 in 3 s is twice the rate that is itself a finding.")


class PatternSettings(_Section):
    """The label table of docs/method.md as numbers. All our choice, unvalidated."""

    smallest_observed_s: float = Field(10.0, gt=0, description="Less watched time than this names nothing.")
    smallest_event_count: int = Field(3, ge=1, description="One or two events name no pattern.")
    finest_limit_iod: float = Field(0.01, gt=0, description="Limit of detection that `no-twitch` needs on a face.")
    finest_limit_px: float = Field(1.0, gt=0, description="The same on skin.")
    coarse_region_share: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="Of the observed regions that may have a coarser one: `no-twitch` leaves them out.",
    )
    limit_power: float = Field(
        0.9, gt=0, lt=1, description="Probability with which the limit of detection is found, by its definition."
    )
    stray_rate_per_min: float = Field(
        1.0, ge=0, description="False events expected; the detector's aim is 2 a minute at most, its test 0.5."
    )
    stray_quantile: float = Field(0.95, gt=0, lt=1, description="Scattered single events up to here may be strays.")
    stray_share: float = Field(0.1, gt=0, lt=1, description="Of the busiest place's events: fewer is no place.")
    same_place_chance: float = Field(
        0.1, gt=0, lt=1, description="That a second stray falls where the first fell: ten regions on a face."
    )
    hidden_place_share: float = Field(
        1 / 3, gt=0, lt=1, description="A second place with this share of the events would have shown itself by now."
    )
    smallest_place_count: float = Field(3.0, gt=1, description="Places of `migrating`.")
    largest_migrating_share: float = Field(0.5, gt=0, lt=1, description="Of the busiest place in `migrating`.")
    far_apart_sd: float = Field(3.0, gt=0, description="Places are two from 3 standard errors of their distance on.")
    localisation_sd_px: float = Field(8.0, gt=0, description="Error of a place for which none was measured.")
    scatter_p: float = Field(
        0.05, gt=0, lt=1, description="Up to here the reasons say: more than a single place. Decides nothing."
    )
    one_movement_lag_s: float = Field(
        0.1, ge=0, description="Places that peak within this move together; half the shortest interval of 5 Hz."
    )
    together_share: float = Field(
        0.5, gt=0, lt=1, description="Of events that coincide with another place: above it, one movement, no migration."
    )
    sustained_duty_cycle: float = Field(0.5, gt=0, lt=1, description="Active share of `sustained-facial`.")
    sustained_run_s: float = Field(5.0, gt=0, description="Or an unbroken run of this length.")
    whole_limb_area_fraction: float = Field(0.5, gt=0, le=1, description="Of the skin, moving in rhythm: a limb.")
    call_probability: float = Field(
        0.9, gt=0.5, lt=1, description="Below it no pattern is named; set on generator A: 99 % of its calls are right."
    )
    calibration_exponent: float = Field(
        1.6, gt=0, description="Power that calibrates the probabilities, set on generator A (benchmarks/statistics.py)."
    )
    lapse_probability: float = Field(0.02, ge=0, lt=1, description="That the table itself is beside the point.")


class Settings(_Section):
    """Everything that changes a result."""

    video: VideoSettings = VideoSettings()
    locate: LocateSettings = LocateSettings()
    motion: MotionSettings = MotionSettings()
    detection: DetectionSettings = DetectionSettings()
    features: FeatureSettings = FeatureSettings()
    quality: QualitySettings = QualitySettings()
    pattern: PatternSettings = PatternSettings()
    limits: LimitSettings = LimitSettings()
    fetch: FetchSettings = FetchSettings()


def settings_sha256(settings: Settings) -> str:
    """Name a set of settings by its content."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()


def load_settings(path: Path) -> Settings:
    """Read a TOML settings file.

    Raises
    ------
    SettingsError
        The file is missing or no TOML, a key is unknown ("did you mean"), a value is out of its range.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the settings {path.name} cannot be read", "a TOML file", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path.name} is not TOML ({error})", "lines such as  key = value  under [section]"
        ) from error
    return parse_settings(data, path.name)


def parse_settings(data: dict[str, Any], name: str = "the settings") -> Settings:
    """Turn plain data into settings, refusing what is unknown or out of range."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(problem, name) for problem in error.errors())) from error


def _explain(problem: Any, name: str) -> str:
    *parents, key = [str(part) for part in problem["loc"]]
    where = ".".join([*parents, key])
    if problem["type"] != "extra_forbidden":
        return f"{name}: {where} = {problem['input']!r}, {problem['msg'].lower()}"
    section: type[BaseModel] = Settings
    for parent in parents:
        annotation = section.model_fields[parent].annotation
        assert isinstance(annotation, type)
        assert issubclass(annotation, BaseModel)
        section = annotation
    close = difflib.get_close_matches(key, section.model_fields, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else "known: " + ", ".join(section.model_fields)
    return f"{name}: unknown setting {where}, {hint}"
