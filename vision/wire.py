"""What crosses between the fence and the process behind it: frames of bytes, plain JSON and plain arrays.

No pickle: a process that a hostile clip has taken over can say something wrong, but cannot make us run it.
"""

from __future__ import annotations

import dataclasses
import io
import json
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from vision.errors import ShapeError
from vision.model.regions import RegionTrack
from vision.model.result import AnalysisResult, ResultDocument
from vision.model.signals import MotionSignals

Kind = Literal["job", "progress", "answer", "refusal", "defect", "memory"]
_LETTERS: dict[Kind, bytes] = {
    "job": b"J", "progress": b"P", "answer": b"A", "refusal": b"R", "defect": b"D", "memory": b"M",
}  # fmt: skip
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
_HEAD = struct.Struct(">cQ")
_PLAIN = "plain"
_LONGEST_SHARE_BYTES = 16

Arrays = dict[str, npt.NDArray[Any]]
_Carrier = TypeVar("_Carrier", MotionSignals, RegionTrack)


@dataclass(frozen=True, eq=False)
class Parcel:
    """What an answer holds: `plain` is anything that JSON can say, `arrays` are numbers by name."""

    plain: Any
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


def send(stream: IO[bytes], kind: Kind, body: bytes | memoryview) -> None:
    """Write one frame: a letter, the length of the body, the body."""
    stream.write(_HEAD.pack(_LETTERS[kind], len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes], most_bytes: int) -> tuple[Kind, bytes] | None:
    """Read one frame; None where the stream has ended, whole or in the middle of a frame.

    Raises
    ------
    ShapeError
        It is no frame, or longer than `most_bytes`.
    """
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    letter, length = _HEAD.unpack(head)
    if letter not in _KINDS or length > most_bytes:
        raise ShapeError("the process behind the fence does not keep to its language", "a frame", "analyse again")
    body = stream.read(length)
    return None if len(body) < length else (_KINDS[letter], body)


def share_of(body: bytes) -> float:
    """Read a word of progress.

    Raises
    ------
    ShapeError
        It is no share of a clip.
    """
    try:
        share = float(body[:_LONGEST_SHARE_BYTES])
    except ValueError as error:
        raise ShapeError("a word of progress that is no number", "a share from 0 to 1") from error
    if not 0 <= share <= 1:
        raise ShapeError(f"a progress of {share:g}", "a share from 0 to 1")
    return share


def pack(parcel: Parcel) -> memoryview:
    """Turn a parcel into bytes, which of a long clip are many: an uncompressed .npz whose entry `plain` is JSON.

    Raises
    ------
    ShapeError
        An array holds objects, which only pickle could carry.
    """
    if any(array.dtype.hasobject for array in parcel.arrays.values()):
        raise ShapeError("an array of objects", "an array of numbers")
    text = json.dumps(parcel.plain, default=_of_numpy).encode()
    buffer = io.BytesIO()
    np.savez(buffer, **{_PLAIN: np.frombuffer(text, np.uint8)}, **parcel.arrays)
    return buffer.getbuffer()


def unpack(body: bytes | memoryview) -> Parcel:
    """Read what `pack` wrote.

    Raises
    ------
    ShapeError
        These bytes are no parcel.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as entries:
            if any(entry.file_size > len(body) for entry in entries.infolist()):
                raise ShapeError("an answer that unpacks to more than itself", "plain arrays")
        with np.load(io.BytesIO(body), allow_pickle=False) as archive:
            arrays: Arrays = {name: archive[name] for name in archive.files}
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):  # NumPy gives other entries as bytes
            raise ShapeError("an answer with something else than arrays", "plain arrays")
        return Parcel(json.loads(arrays.pop(_PLAIN).tobytes()), arrays)
    except ShapeError:
        raise
    except Exception as error:  # zip and NumPy raise a dozen kinds of error on bytes that mean harm, MemoryError too
        raise ShapeError("the answer from behind the fence cannot be read", "plain arrays") from error


def parcel_of(result: AnalysisResult) -> Parcel:
    """Take a result apart; every number keeps all of its bits."""
    plain: dict[str, Any] = {"document": result.document.model_dump_json()}
    arrays: Arrays = {}
    for name, carrier in (("signals", result.signals), ("regions", result.regions)):
        values = {entry.name: getattr(carrier, entry.name) for entry in dataclasses.fields(carrier)}
        arrays |= {f"{name}.{key}": value for key, value in values.items() if isinstance(value, np.ndarray)}
        plain[name] = {key: value for key, value in values.items() if not isinstance(value, np.ndarray)}
    return Parcel(plain, arrays)


def result_of(parcel: Parcel) -> AnalysisResult:
    """Put a result together again.

    Raises
    ------
    ShapeError
        Something is missing or does not fit: the process behind the fence has gone wrong.
    """
    try:
        return AnalysisResult(
            ResultDocument.model_validate_json(parcel.plain["document"]),
            _carrier(MotionSignals, "signals", parcel),
            _carrier(RegionTrack, "regions", parcel),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ShapeError("the result from behind the fence is not whole", "every field of a result") from error


def _carrier(kind: type[_Carrier], name: str, parcel: Parcel) -> _Carrier:
    fields: dict[str, Any] = {key: _frozen(value) for key, value in parcel.plain[name].items()}
    fields |= {key.partition(".")[2]: value for key, value in parcel.arrays.items() if key.startswith(f"{name}.")}
    return kind(**fields)


def _frozen(value: Any) -> Any:
    """Carriers hold tuples, JSON knows lists."""
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _of_numpy(value: Any) -> Any:
    """Turn a NumPy scalar into what JSON knows."""
    return value.item()
