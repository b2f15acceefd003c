"""Drive the parsers that are our own by coverage. By hand, where atheris is installed:

    pip install atheris && python tests/fuzz/atheris_parsers.py -max_total_time=60

Everything else that reads a clip is FFmpeg or Pillow, whose own projects fuzz them; tests/integration/test_fuzz.py
feeds broken films through all of it.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["vision"]):
    from vision.errors import ShapeError
    from vision.video.maker import capture_rate_hz, slowdown_of
    from vision.video.stills import is_still, is_webp, webp_canvas_px
    from vision.wire import receive, unpack


def one_input(data: bytes) -> None:
    """Whatever the bytes: an answer, or a refusal of ours."""
    is_still(data)
    canvas = webp_canvas_px(data)
    assert canvas is None or is_webp(data)
    rate_hz = capture_rate_hz({"com.android.capture.fps": data.decode("utf-8", "replace")})
    assert slowdown_of(rate_hz, 30.0, 1.5) >= 1.0
    for parse in (unpack, lambda body: receive(io.BytesIO(body), 1 << 16)):
        with contextlib.suppress(ShapeError):
            parse(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
