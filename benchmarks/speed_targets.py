"""What issue 8 asks of the speed, as a table."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.tables import markdown_table


def target_table(
    multiples: Mapping[str, Mapping[str, float]], peaks_mb: Mapping[str, float], found: Mapping[str, float]
) -> str:
    """What issue 8 asks for, what was found, and whether that is reached."""
    mib = {kind: peak_mb * 1e6 / 2**20 for kind, peak_mb in peaks_mb.items()}
    wall, cores = ({kind: ratio[name] for kind, ratio in multiples.items()} for name in ("wall_s", "core_s"))
    rows = [
        ("1080p30 face, wall ÷ decoding", wall["face"], "<=", 3.0), ("the same, cores", cores["face"], "<=", 3.0),
        ("1080p30 skin, wall ÷ decoding", wall["skin"], "<=", 2.5), ("the same, cores", cores["skin"], "<=", 2.5),
        ("4K30, wall ÷ decoding", wall["4K30"], "<=", 2.0), ("the same, cores", cores["4K30"], "<=", 2.0),
        ("1080p120, wall ÷ decoding", wall["1080p120"], "<=", 2.0), ("the same, cores", cores["1080p120"], "<=", 2.0),
        ("peak memory, 1080p, MiB", max(mib["face"], mib["skin"]), "<=", 500.0),
        ("peak memory, 4K, MiB", mib["4K30"], "<=", 900.0),
        (f"peak memory, {found['long_minutes']:.0f} minutes ÷ 1", found["long_to_short"], "<=", 1.10),
        ("time a frame, last minute of those ÷ first", found["last_to_first"], "<=", 1.05),
        ("`twitchscope --help`, s", found["help_s"], "<=", 0.3),
        ("`import vision`, s without Python's own start", found["import_s"] - found["python_s"], "<=", 0.15),
        ("start to the first frame measured, s", found["first_frame_s"], "<=", 1.5),
        ("Farneback on the same pixels ÷ ours, time", found["farneback_ms_to_ours"], ">=", 8.0),
        ("FaceMesh on full frames ÷ ours, time", found["facemesh_ms_to_ours"], ">=", 3.0),
    ]  # fmt: skip
    cells = [
        [name, f"{value:.2f}", f"{way} {target:g}", "yes" if (value <= target) == (way == "<=") else "no"]
        for name, value, way, target in rows
    ]
    return f"## Beside the targets\n\n{markdown_table(['', 'found', 'target', 'reached'], cells)}\n"
