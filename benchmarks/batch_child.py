"""A child behind the fence that gives back one real result under other names, after the time that it really took.

For `benchmarks.batch overhead`: a thousand real analyses would take an hour and say the same of what is added to them.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEHIND = "from benchmarks.batch_child import serve; serve()"
PARCEL, TAKES = "TWITCHSCOPE_BENCHMARK_PARCEL", "TWITCHSCOPE_BENCHMARK_TAKES_S"


def analyse(path: Path, _settings: object, _job: Mapping[str, Any], _on_progress: Any) -> Any:
    """Wait as long as the analysis took, then answer with what it found, as if of this clip."""
    from vision.wire import Parcel

    began_s = time.monotonic()
    kept = _kept()
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    text = kept.plain["document"].replace(_sha256_in(kept.plain["document"]), sha256)
    time.sleep(max(0.0, float(os.environ[TAKES]) - (time.monotonic() - began_s)))
    return Parcel({**kept.plain, "document": text}, kept.arrays)


@functools.lru_cache(maxsize=1)
def _kept() -> Any:
    from vision.wire import unpack

    return unpack(Path(os.environ[PARCEL]).read_bytes())


def _sha256_in(document: str) -> str:
    import json

    return str(json.loads(document)["clip"]["sha256"])


def serve() -> None:
    """Take the place of the real child."""
    from vision.behind import serve as real

    real({"analyse": analyse})


if __name__ == "__main__":
    from vision.isolate import Fence
    from vision.library import work

    work.Fence = functools.partial(Fence, behind=BEHIND)  # type: ignore[misc,assignment]
    import cli

    sys.exit(cli.main(sys.argv[1:]))
