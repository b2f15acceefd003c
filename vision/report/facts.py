"""What a clip's file tells of itself, in plain words, and what to do better because of it. Nothing here decodes."""

from __future__ import annotations

from vision.model.clip import ClipInfo
from vision.report.units import counted, measured, share, significant

WHOLE = "yes, as far as it shows before it is decoded"
UNKNOWN = "not stated in the file"
# Bits for each pixel of each picture below which a film is taken for a messenger's copy. Phones spend 0.1 to 0.3 with
# H.264 and 0.06 to 0.15 with HEVC (1080p at 30 a second: 17 and 9 Mbit/s), messengers 0.05 and less. Our choice.
COPY_BITS = {"h264": 0.08}
COPY_BITS_OTHERWISE = 0.045
GOOD_RATE_HZ = 50.0  # as `QualitySettings.good_rate_hz`; a test compares them
GOOD_DURATION_S = 60.0
SHORTEST_S = 2.0  # as `VideoSettings.shortest_clip_s`
SLOW_MOTION_RATIO = 1.5  # as `VideoSettings.slow_motion_ratio`
DROPPED_SHARE = 0.01  # of the pictures, from which it is worth a word; our choice
FEWEST_PX = 480 * 640  # of a picture; our choice


def clip_facts(info: ClipInfo) -> list[tuple[str, str]]:
    """Say what a clip's file tells of itself, as pairs of a word and its value with unit."""
    facts = [
        ("Size", f"{info.width_px} × {info.height_px} px, upright"),
        ("Turned by the player", _turn(info)),
        ("Length", measured(info.duration_s, "s", 3) if info.duration_s is not None else UNKNOWN),
        ("Frames", UNKNOWN if info.frame_count is None else str(info.frame_count)),
        ("Frames promised", _promised(info)),
        ("Frame rate", _rate(info)),
        ("Missing frames", _missing(info)),
        ("Slow motion", _slow_motion(info)),
        ("Keyframes", _keyframes(info)),
        ("Codec", f"{info.codec}, {info.pixel_format}"),
        ("Picture", _picture(info)),
        ("Container", f"{_container(info)}, {counted(info.stream_count, 'stream')}"),
        ("Bit rate", UNKNOWN if info.bit_rate_bps is None else f"{significant(info.bit_rate_bps / 1e6)} Mbit/s"),
        ("Origin", _origin(info)),
        ("Complete", WHOLE if info.is_complete else "no: damaged, or shorter than it says"),
        ("Simulated", "yes, by twitchscope" if info.is_simulated else "no"),
        ("SHA-256", info.sha256),
    ]
    return [(word, value) for word, value in facts if value]


def file_advice(info: ClipInfo) -> list[str]:
    """Say what to film or send better, as far as the file alone shows it."""
    slowdown = _slowdown(info)
    rate_hz = (info.typical_rate_hz or info.mean_rate_hz or 0.0) * slowdown or None
    lasts_s = None if _shown_s(info) is None else (_shown_s(info) or 0.0) / slowdown
    advice = [
        (rate_hz is not None and rate_hz < GOOD_RATE_HZ, f"{_number(rate_hz)} frames a second: film at 60."),
        (lasts_s is not None and lasts_s < GOOD_DURATION_S, _length_advice(lasts_s)),
        (_dropped_share(info) > DROPPED_SHARE,
         f"{share(_dropped_share(info))} of the frames are missing, up to {_number(info.longest_gap_s)} s in a row: "
         "close other apps, and film in more light."),
        (is_perhaps_a_copy(info), "It looks like a messaging app's copy: send the phone's original file."),
        (info.width_px * info.height_px < FEWEST_PX, "The picture is small: film in 1080p."),
        (info.is_interlaced, "It is interlaced: film with a phone, not through a TV format."),
        (info.has_slowed_part and info.capture_rate_hz is None,
         "A part of it was slowed down by the phone: film without super slow motion."),
        (not info.is_complete, "It is damaged or cut short: copy the original from the phone again."),
    ]  # fmt: skip
    return [line for applies, line in advice if applies]


def is_perhaps_a_copy(info: ClipInfo) -> bool:
    """Whether a film has lost the marks of its phone and is packed as tightly as messengers do."""
    if info.is_phone_original or info.is_simulated or info.bits_per_px is None:
        return False
    return info.bits_per_px < COPY_BITS.get(info.codec, COPY_BITS_OTHERWISE)


def _turn(info: ClipInfo) -> str:
    turned = f"{info.rotation_deg}°" + (" and mirrored" if info.is_mirrored_by_matrix else "")
    return turned if info.rotation_deg or info.is_mirrored_by_matrix else "not at all"


def _promised(info: ClipInfo) -> str:
    promised = info.declared_frame_count
    return "" if promised in (None, info.frame_count) else str(promised)


def _rate(info: ClipInfo) -> str:
    if info.mean_rate_hz is None:
        return UNKNOWN
    uneven = {True: ", uneven", False: ", even", None: ""}[info.is_variable_rate]
    usual = ""
    if info.typical_rate_hz is not None and abs(info.typical_rate_hz / info.mean_rate_hz - 1) > DROPPED_SHARE:
        usual = f", usually {significant(info.typical_rate_hz, 4)}"
    return f"{significant(info.mean_rate_hz, 4)} frames a second on average{usual}{uneven}"


def _missing(info: ClipInfo) -> str:
    if not info.dropped_count or info.longest_gap_s is None:
        return ""
    return f"{info.dropped_count}, the longest gap {significant(info.longest_gap_s)} s"


def _keyframes(info: ClipInfo) -> str:
    if info.is_all_intra:
        return "every frame"
    return f"every {significant(info.keyframe_interval_s)} s" if info.keyframe_interval_s else ""


def _slow_motion(info: ClipInfo) -> str:
    rate_hz = info.typical_rate_hz or info.mean_rate_hz
    if info.capture_rate_hz is not None and rate_hz is not None and _slowdown(info) > 1.0:
        times = significant(_slowdown(info), 2)
        rates = f"filmed at {significant(info.capture_rate_hz, 3)} a second, plays at {significant(rate_hz, 3)}"
        return f"{rates}: {times} times slower than life, which an analysis takes back"
    return "a part was slowed down after filming" if info.has_slowed_part else ""


def _slowdown(info: ClipInfo) -> float:
    rate_hz = info.typical_rate_hz or info.mean_rate_hz
    if not info.capture_rate_hz or not rate_hz or info.capture_rate_hz < SLOW_MOTION_RATIO * rate_hz:
        return 1.0
    return info.capture_rate_hz / rate_hz


def _container(info: ClipInfo) -> str:
    """FFmpeg names all that one reader reads."""
    families = {"mov,mp4": "MP4 or MOV", "matroska": "Matroska or WebM"}
    return next((name for start, name in families.items() if info.container.startswith(start)), info.container)


def _picture(info: ClipInfo) -> str:
    parts = [
        {"sdr": "", "hlg": "HDR (HLG)", "pq": "HDR (PQ)"}[info.transfer],
        "Dolby Vision" if info.is_dolby_vision else "",
        "full range" if info.is_full_range else "limited range",
        "interlaced" if info.is_interlaced else "",
        "" if info.is_pixel_square else "pixels not square, made so",
    ]
    return ", ".join(part for part in parts if part)


def _origin(info: ClipInfo) -> str:
    if info.is_phone_original:
        return "straight from a phone, by its maker's marks"
    return "perhaps a messaging app's copy" if is_perhaps_a_copy(info) else "no phone's marks"


def _length_advice(lasts_s: float | None) -> str:
    too = ", too short to be analysed" if lasts_s is not None and lasts_s < SHORTEST_S else ""
    return f"It lasts {_number(lasts_s)} s{too}: film 60 s or more, better 2 to 3 minutes."


def _shown_s(info: ClipInfo) -> float | None:
    return info.span_s if info.span_s is not None else info.duration_s


def _dropped_share(info: ClipInfo) -> float:
    if not info.dropped_count or not info.span_s or not info.typical_rate_hz:
        return 0.0
    return info.dropped_count / max(1.0, info.span_s * info.typical_rate_hz)


def _number(value: float | None) -> str:
    return "" if value is None else significant(value)
