"""A child that answers in a moment, behind the real fence: faults are tried hundreds of times, analyses take seconds.

Everything else is the product: engine, fence, result folders, database. "analyses" hold no picture; a clip that begins
with ``broken`` is refused as a damaged film is.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEHIND = "from tests.integration.faults.quick import serve; serve()"
TAKES_S = 0.05


def analyse(path: Path, _settings: object, _job: Mapping[str, Any], on_progress: Any) -> Any:
    from tests.builders import focal_result
    from vision.errors import ClipNotReadableError
    from vision.wire import parcel_of

    signals, regions = _small()
    content = path.read_bytes()
    time.sleep(TAKES_S)
    on_progress(0.5)
    if content.startswith(b"broken"):
        raise ClipNotReadableError(f"{path.name} cannot be read as a video", "a film", "copy it again")
    result = focal_result(sha256=hashlib.sha256(content).hexdigest())
    return parcel_of(dataclasses.replace(result, signals=signals, regions=regions))


@functools.lru_cache(maxsize=1)
def _small() -> tuple[Any, Any]:
    """Signals of one second: thousands are sent and written."""
    from tests.builders import make_regions, make_signals

    regions = make_regions(duration_s=1.0)
    return make_signals(regions), regions


def info(path: Path, settings: Any, _job: Mapping[str, Any], _on_progress: Any) -> Any:
    from vision.model.clip import ClipInfo
    from vision.wire import Parcel

    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    facts = ClipInfo(sha256, "mp4", "h264", "yuv420p", 540, 720, 900, 30.0, 30.0, False, 0)
    return Parcel(dataclasses.asdict(facts))


def serve() -> None:
    from vision.behind import serve as real

    real({"analyse": analyse, "info": info})


def hold() -> None:
    """Put the quick child behind every fence of this process."""
    from vision.isolate import Fence
    from vision.library import work

    work.Fence = functools.partial(Fence, behind=BEHIND)  # type: ignore[misc,assignment]


if __name__ == "__main__":
    hold()
    import cli

    sys.exit(cli.main(sys.argv[1:]))
