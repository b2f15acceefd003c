"""Results built by hand, so that the report is tested without any stage: synthetic signals, made-up events."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from vision.model.events import RejectedMovement, Site, TwitchEvent
from vision.model.features import EyeClosure, Features, Frequency, PatternCall, Rhythmicity, Spread
from vision.model.regions import RegionTrack, region_label
from vision.model.result import (
    AnalysisResult,
    ClipRecord,
    Quality,
    QualityWarning,
    Recording,
    RegionRecord,
    ResultDocument,
    Software,
)
from vision.model.signals import MotionSignals

WIDTH_PX, HEIGHT_PX = 540, 720
CLIP_SHA256 = "ab" * 32
# name, side, centre x, centre y: where regions lie on a made-up face, the patient's right on the picture's left
FACE_REGIONS = (
    ("upper-eyelid", "right", 190, 270),
    ("upper-eyelid", "left", 350, 270),
    ("lower-eyelid", "right", 190, 310),
    ("lower-eyelid", "left", 350, 310),
    ("cheek", "right", 170, 400),
    ("cheek", "left", 370, 400),
    ("mouth-corner", "right", 220, 490),
    ("mouth-corner", "left", 320, 490),
    ("chin", "midline", 270, 560),
)
SKIN_REGIONS = (("skin", None, 270, 360),)
NO_RHYTHM = Rhythmicity(0, None, None, None, None, None, None, None, "too-few-events")
NO_EYES = EyeClosure(None, None, None, None, None)


def pulse(time_s, event):
    """Rise and fall of one twitch, 1 at the peak."""
    tau_s = max(event.peak_s - event.onset_s, 1e-3)
    after = np.clip((time_s - event.onset_s) / tau_s, 0, None)
    return after * np.exp(1 - after)


def make_event(number, onset_s, site, *, amplitude_px=1.4, rise_s=0.06, duration_s=0.23):
    return TwitchEvent(
        id=number,
        onset_s=onset_s,
        peak_s=onset_s + rise_s,
        offset_s=onset_s + duration_s,
        site=site.id,
        region=site.region,
        side=site.side,
        x_px=site.x_px,
        y_px=site.y_px,
        amplitude_px=amplitude_px,
        amplitude_iod=amplitude_px / 213,
        amplitude_mm=None,
        direction_rad=-1.3,
        area_px2=1200.0,
        rise_s=rise_s,
        duration_s=duration_s,
        margin_sd=3.2,
    )


def make_site(number, region, side, x_px, y_px, event_count=0, **changes):
    return Site(number, region, side, float(x_px), float(y_px), event_count, -1.3, 16.0, 2.0, **changes)


def make_regions(view="face", regions=FACE_REGIONS, *, duration_s=12.0, rate_hz=30.0):
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    frames, count = len(time_s), len(regions)
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    reach = np.array([150.0, 220.0]) if view == "skin" else np.array([44.0, 18.0])
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) * reach
    outline = np.array([[x, y] for _, _, x, y in regions], dtype=float)[:, None, :] + ring
    seen = np.ones((frames, count), dtype=bool)
    seen[-20:] = False
    return RegionTrack(
        view=view,
        time_s=time_s,
        names=tuple(name for name, *_ in regions),
        sides=tuple(side for _, side, *_ in regions),
        outline_px=np.broadcast_to(outline, (frames, *outline.shape)).copy(),
        seen=seen,
        scale_px=np.full(frames, np.nan if view == "skin" else 213.0),
        skin_rgb=np.full((frames, count, 3), 120.0),
        eye_aperture=np.full((frames, 2), np.nan if view == "skin" else 0.3),
        eye_outline_px=np.full((frames, 2, 8, 2), np.nan),
        head_pose_deg=np.full((frames, 3), np.nan),
        gaze=np.full((frames, 2, 2), np.nan),
        background_px=np.full((frames, 2), np.nan),
        mouth_iod=np.full((frames, 3), np.nan),
    )


def make_signals(track, events=(), sites=(), *, seed=1, spacing_px=16.0):
    random = np.random.default_rng(seed)
    grid = np.arange(120, 620, spacing_px)
    point_px = np.array([[x, y] for y in grid for x in np.arange(100, 440, spacing_px)])
    frames, points = len(track.time_s), len(point_px)
    noise_px = 0.05
    displacement_px = random.normal(0, noise_px, (frames, points, 2))
    for site in sites:
        sigma_px = site.footprint_sigma_px or 16.0
        footprint = np.exp(-np.sum((point_px - [site.x_px, site.y_px]) ** 2, axis=1) / (2 * sigma_px**2))
        along = np.array([np.cos(-1.3), np.sin(-1.3)])
        own = [event.amplitude_px * pulse(track.time_s, event) for event in events if event.site == site.id]
        moved = np.sum(own, axis=0) if own else np.zeros(frames)
        displacement_px += moved[:, None, None] * footprint[None, :, None] * along
    valid = np.ones((frames, points), dtype=bool)
    valid[100:110] = False
    displacement_px[~valid] = np.nan
    centres = track.outline_px[0].mean(axis=1)
    return MotionSignals(
        time_s=track.time_s,
        point_px=point_px,
        region_of_point=np.argmin(np.linalg.norm(point_px[:, None] - centres[None], axis=2), axis=1),
        displacement_px=displacement_px,
        noise_px=np.full((1, points), noise_px),
        valid=valid,
        covered=np.zeros_like(valid),
        structure=np.broadcast_to(np.eye(2) * 5e4, (points, 2, 2)).copy(),
        camera=np.broadcast_to(np.eye(2, 3), (frames, 2, 3)).copy(),
        luma_gain=np.ones(frames),
        sharpness=np.ones(frames),
        is_keyframe=np.arange(frames) % 30 == 0,
        scale_px=None if track.view == "skin" else 213.0,
        spacing_px=spacing_px,
        reference_index=0,
    )


def make_result(
    events=(),
    sites=(),
    *,
    label="no-twitch",
    probability=None,
    reasons=(),
    view="face",
    regions=FACE_REGIONS,
    rejected=(),
    frequency=None,
    rhythmicity=NO_RHYTHM,
    spread=None,
    eye_closure=NO_EYES,
    quality=None,
    recording=Recording(),  # noqa: B008 frozen
    is_simulated=False,
    duration_s=12.0,
    sha256=CLIP_SHA256,
):
    observed_s = round(duration_s - 0.7, 1)
    track = make_regions(view, regions, duration_s=duration_s)
    counts = {}
    for event in events:
        counts[region_label(event.region, event.side)] = counts.get(region_label(event.region, event.side), 0) + 1
    records = []
    for name, side, *_ in regions:
        count = counts.get(region_label(name, side), 0)
        records.append(RegionRecord(name, side, observed_s, count, 60 * count / observed_s))
    document = ResultDocument(
        software=Software("twitchscope", "0.1.0", "cd" * 32),
        clip=ClipRecord(
            sha256, "h264", WIDTH_PX, HEIGHT_PX, len(track.time_s), duration_s, 30.0, False, 0, is_simulated
        ),
        view=view,
        recording=recording,
        quality=quality or Quality(True, observed_s, 0.21, None, (), None if view == "skin" else 0.00099),
        regions=tuple(records),
        sites=tuple(sites),
        events=tuple(events),
        rejected=tuple(rejected),
        features=Features(
            frequency or make_frequency(len(events), observed_s),
            rhythmicity,
            spread or make_spread(len(counts), len(sites)),
            eye_closure,
        ),
        pattern=PatternCall(label, probability or make_probability(label), tuple(reasons)),
    )
    return AnalysisResult(document, make_signals(track, events, sites), track)


def make_frequency(count, observed_s, **changes):
    rate = 60 * count / observed_s
    plain = Frequency(count, observed_s, rate, (rate * 0.6, rate * 1.6 + 3), 0, None, None, None, None, None, None)
    return replace(plain, **changes)


def make_spread(regions, sites, **changes):
    none = Spread(regions, sites, None, None, None, None, None, None, None, None, None, None, None, ())
    return replace(none, **changes)


def make_probability(label):
    names = ("intermittent-focal", "migrating", "sustained-facial", "no-twitch")
    return {name: 0.94 if name == label else 0.02 for name in names} if label in names else dict.fromkeys(names, 0.25)


def focal_result(**changes):
    """An eyelid that twitches in bursts, with blinks: the commonest film of all."""
    site = make_site(1, "lower-eyelid", "right", 190, 310, 14)
    onsets_s = [burst_s + 0.2 * k for burst_s, size in ((3.1, 4), (9.8, 3), (14.0, 4), (22.4, 3)) for k in range(size)]
    events = [make_event(k + 1, onset_s, site, amplitude_px=1.0 + 0.1 * (k % 5)) for k, onset_s in enumerate(onsets_s)]
    lids = ("right upper-eyelid", "left upper-eyelid", "right lower-eyelid", "left lower-eyelid")
    blinks = [RejectedMovement("blink", at_s, at_s + 0.1, at_s + 0.3, lids) for at_s in (1.2, 5.0, 8.1, 12.6, 17.7, 26)]
    jump = RejectedMovement("keyframe", 20.0, 20.03, 20.1, ())
    given = {
        "label": "intermittent-focal",
        "probability": {"intermittent-focal": 0.95, "migrating": 0.01, "sustained-facial": 0.03, "no-twitch": 0.01},
        "reasons": (
            "All 14 twitches lie at one place.",
            "The movement fills 14 % of the watched time, less than half.",
        ),
        "rejected": (*blinks, jump),
        "frequency": Frequency(14, 29.3, 28.7, (15.7, 48.1), 4, 8.2, 4.9, 4.9, 0.14, 6.2, 0.8),
        "rhythmicity": Rhythmicity(13, 1.3, 0.9, 1.1, 0.1, 0.8, 4.9, 0.31, "irregular"),
        "spread": Spread(1, 1, 1.0, 1.0, 0.71, "right", 0.02, 0.0, None, None, 3.1, 0.015, None, ()),
        "eye_closure": EyeClosure(6, 12.3, 6, 0, 0.31),
        "duration_s": 30.0,
        "quality": Quality(
            True,
            29.3,
            0.21,
            None,
            (QualityWarning("low-frame-rate", "The clip has 30 frames a second.", "Film at 60 or more."),),
            0.00099,
        ),
    }
    return make_result(events, [site], **{**given, **changes})


def rest_result(**changes):
    """A face at rest."""
    given = {"reasons": ("No movement passed the threshold.",), "eye_closure": EyeClosure(4, 20.0, 4, 0, 0.2)}
    return make_result(**{**given, **changes})


def unsettled_result(**changes):
    """Two twitches: too few to say."""
    site = make_site(1, "cheek", "left", 370, 400, 2)
    events = [make_event(1, 2.0, site), make_event(2, 7.5, site)]
    given = {"label": "indeterminate", "reasons": ("too few events: 2, where 3 are needed",)}
    return make_result(events, [site], **{**given, **changes})


def skin_result(count=18, **changes):
    """A calf that twitches at ever other places; sides are not known."""
    random = np.random.default_rng(3)
    sites = [make_site(k + 1, "skin", None, *random.uniform([150, 160], [400, 560]), 1) for k in range(count)]
    events = [make_event(k + 1, 0.4 + 0.6 * k, site) for k, site in enumerate(sites)]
    given = {
        "label": "migrating",
        "view": "skin",
        "regions": SKIN_REGIONS,
        "spread": make_spread(1, count, busiest_site_share=1 / count, entropy=math.log(count)),
    }
    return make_result(events, sites, **{**given, **changes})


def sustained_result(count=110, **changes):
    """One side of a face that hardly rests: hundreds of twitches."""
    places = [("lower-eyelid", 190, 310), ("cheek", 170, 400), ("mouth-corner", 220, 490)]
    sites = [make_site(k + 1, name, "right", x, y, count, is_continuous=True) for k, (name, x, y) in enumerate(places)]
    onsets = [(0.3 + 0.1 * k + 0.03 * site.id, site) for k in range(count) for site in sites]
    events = [make_event(k + 1, onset_s, site) for k, (onset_s, site) in enumerate(sorted(onsets, key=lambda o: o[0]))]
    given = {
        "label": "sustained-facial",
        "frequency": make_frequency(3 * count, 11.3, duty_cycle=0.93, dominant_hz=4.1, longest_run_s=10.9),
        "spread": make_spread(3, 3, laterality="right"),
    }
    return make_result(events, sites, **{**given, **changes})
