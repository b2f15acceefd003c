"""signals.parquet: the trace of each site, one row a frame, units in the names of the columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vision.model.result import AnalysisResult
from vision.report import traces
from vision.report.text import place


def write_parquet(result: AnalysisResult, path: Path) -> None:
    """Write `time_s` and a column `site_N_px` for each place: displacement along its direction, null: not measured.

    The file's metadata name the software and each column's place; it holds neither path nor date.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    document, signals = result.document, result.signals
    columns: dict[str, Any] = {"time_s": pa.array(np.asarray(signals.time_s, np.float64))}
    told = {"software": f"{document.software.name} {document.software.version}", "clip_sha256": document.clip.sha256}
    for site in document.sites:
        direction_rad = traces.direction_of_site(site, document.events)
        if direction_rad is None:
            continue
        trace_px = traces.pool_trace(signals, site, direction_rad)
        columns[f"site_{site.id}_px"] = pa.array(trace_px.astype(np.float32), mask=~np.isfinite(trace_px))
        told[f"site_{site.id}"] = f"{place(site.region, site.side)}, direction {direction_rad:.3f} rad"
    with path.open("wb") as file:  # a name that is no Unicode, or looks like an address, is not pyarrow's to read
        pq.write_table(pa.table(columns).replace_schema_metadata(told), file, compression="zstd")
