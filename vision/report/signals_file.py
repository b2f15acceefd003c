"""signals.npz: the arrays that reports are redrawn from, without pickle, read back as they were written.

Arrays are kept as float32, far finer than any tracker; only times stay float64, since every frequency rests on
them. True/false arrays are packed eight to a byte. What is no array stands as JSON in `meta`.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.errors import ResultFileError, ShapeError
from vision.model.regions import RegionTrack
from vision.model.signals import MotionSignals

FORMAT, OLDEST_FORMAT = 3, 2  # 3 brought what covers points, gaze and background
_TIMES = ("time_s",)
_SIGNAL_FLOATS = (
    "point_px",
    "displacement_px",
    "noise_px",
    "structure",
    "camera",
    "luma_gain",
    "sharpness",
)
_SIGNAL_BOOLS = ("valid", "covered", "is_keyframe")
_SIGNAL_INTS = ("region_of_point",)
_SIGNAL_PLAIN = ("scale_px", "spacing_px", "reference_index")
_REGION_FLOATS = (
    "outline_px",
    "scale_px",
    "skin_rgb",
    "eye_aperture",
    "eye_outline_px",
    "head_pose_deg",
    "gaze",
    "background_px",
    "mouth_iod",
)
_REGION_BOOLS = ("seen",)
_REGION_PLAIN = ("view", "names", "sides", "warnings")
_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, RecursionError)

Arrays = dict[str, npt.NDArray[Any]]


def save_signals(path: Path, signals: MotionSignals, regions: RegionTrack, result_sha256: str) -> None:
    """Write both carriers, bound to the result.json that they belong to by its hash."""
    meta = {
        "format": FORMAT,
        "result_sha256": result_sha256,
        "signals": {name: getattr(signals, name) for name in _SIGNAL_PLAIN},
        "regions": {name: getattr(regions, name) for name in _REGION_PLAIN},
    }
    arrays: Arrays = {"meta": np.frombuffer(json.dumps(meta, default=_plain).encode(), dtype=np.uint8)}
    arrays |= _pack("signals", signals, _SIGNAL_FLOATS, _SIGNAL_BOOLS, _SIGNAL_INTS)
    arrays |= _pack("regions", regions, _REGION_FLOATS, _REGION_BOOLS, ())
    # By way of memory: an archive that a full disk broke off complains once more when it is thrown away.
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    path.write_bytes(buffer.getbuffer())


def load_signals(path: Path) -> tuple[MotionSignals, RegionTrack, str]:
    """Read what `save_signals` wrote.

    Returns
    -------
    The two carriers with float32 arrays (times float64), and the hash of the result.json they belong to.

    Raises
    ------
    ResultFileError
        The file is missing, damaged, of another format, or its arrays do not fit together.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays: Arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(arrays["meta"].tobytes())
        if not OLDEST_FORMAT <= meta["format"] <= FORMAT:
            raise ResultFileError(f"{path.name} is of format {meta['format']}", f"format {FORMAT}", "analyse again")
        if meta["format"] == OLDEST_FORMAT:
            arrays |= _unknown_then(arrays)
        signals = MotionSignals(
            **_unpack("signals", arrays, _SIGNAL_FLOATS, _SIGNAL_BOOLS, _SIGNAL_INTS), **meta["signals"]
        )
        regions = RegionTrack(
            **_unpack("regions", arrays, _REGION_FLOATS, _REGION_BOOLS, ()),
            **{name: _tuple(value) for name, value in meta["regions"].items()},
        )
    except (*_DAMAGE, ShapeError) as error:
        raise ResultFileError(
            f"{path.name} is missing or damaged", "the file that the analysis wrote", "analyse the clip again"
        ) from error
    return signals, regions, str(meta["result_sha256"])


def _pack(
    prefix: str, carrier: object, floats: tuple[str, ...], bools: tuple[str, ...], ints: tuple[str, ...]
) -> Arrays:
    packed: Arrays = {f"{prefix}.{name}": np.asarray(getattr(carrier, name), dtype=np.float64) for name in _TIMES}
    packed |= {f"{prefix}.{name}": np.asarray(getattr(carrier, name), dtype=np.float32) for name in floats}
    packed |= {f"{prefix}.{name}": np.asarray(getattr(carrier, name), dtype=np.int32) for name in ints}
    for name in bools:
        array = np.asarray(getattr(carrier, name), dtype=bool)
        packed[f"{prefix}.{name}.bits"] = np.packbits(array)
        packed[f"{prefix}.{name}.shape"] = np.asarray(array.shape, dtype=np.int64)
    return packed


def _unpack(
    prefix: str, arrays: Arrays, floats: tuple[str, ...], bools: tuple[str, ...], ints: tuple[str, ...]
) -> dict[str, Any]:
    unpacked: dict[str, Any] = {name: arrays[f"{prefix}.{name}"] for name in (*_TIMES, *floats, *ints)}
    for name in bools:
        shape = tuple(int(length) for length in arrays[f"{prefix}.{name}.shape"])
        bits = np.unpackbits(arrays[f"{prefix}.{name}.bits"], count=int(np.prod(shape)))
        unpacked[name] = bits.astype(bool).reshape(shape)
    return unpacked


def _unknown_then(arrays: Arrays) -> Arrays:
    """What files of the oldest format do not hold: nothing was covered, gaze and background were not measured."""
    valid, frames = arrays["signals.valid.shape"], len(arrays["regions.time_s"])
    return {
        "signals.covered.shape": valid,
        "signals.covered.bits": np.packbits(np.zeros(int(np.prod(valid)), bool)),
        "regions.gaze": np.full((frames, 2, 2), np.nan, np.float32),
        "regions.background_px": np.full((frames, 2), np.nan, np.float32),
    }


def _plain(value: Any) -> Any:
    """Turn a NumPy scalar into what JSON knows."""
    return value.item()


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
