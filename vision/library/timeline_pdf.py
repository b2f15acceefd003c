"""A timeline as PDF for the patient's file: the same sentences, pictures and table as the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vision.library.maps import body_map, face_map
from vision.library.shapes import as_flowable
from vision.library.timeline import Timeline
from vision.library.timeline_page import TABLE_HEADS, charts, part_counts, place_counts, table_rows, timeline_lines
from vision.report.folder import write_aside
from vision.report.pdf import ACCENT, FONT, INK, LINE, MARGIN_PT, SOFT, paragraph, register_fonts
from vision.report.text import REQUIRED_WORDING
from vision.report.units import listing

MAP_PT = 90.0  # width of a map
SHARES = (0.10, 0.10, 0.15, 0.13, 0.10, 0.07, 0.11, 0.13, 0.11)  # of the page's width, by column of the table


def write_pdf(course: Timeline, path: Path) -> None:
    """Write the PDF. Its metadata hold no name, no date and no path: same films, same bytes.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    write_aside(path, lambda aside: _build(course, aside))


def _build(course: Timeline, path: Path) -> None:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    register_fonts()
    frame = SimpleDocTemplate(
        str(path), pagesize=A4, leftMargin=MARGIN_PT, rightMargin=MARGIN_PT, topMargin=MARGIN_PT,
        bottomMargin=MARGIN_PT, title="twitchscope timeline", author="twitchscope", invariant=1, lang="en",
    )  # fmt: skip
    frame.build(_story(course, frame.width - 12))  # a frame keeps 6 pt free on each side


def _story(course: Timeline, width_pt: float) -> list[Any]:
    from reportlab.platypus import Spacer

    story: list[Any] = [
        paragraph("twitchscope timeline", 9, ACCENT, bold=True),
        paragraph(f"Films of {course.patient}", 14, INK, bold=True),
    ]
    story += [paragraph(line, 9.5, INK) for line in timeline_lines(course)]
    story += [as_flowable(picture, width_pt, FONT) for picture in charts(course)]
    key = (
        "Blue, filled and joined: comparable films. Hollow: shown, not compared. Bars: 95 % intervals. Dashed, shaded: "
        "fitted steady course. In the lanes, filled: it twitched; hollow: watched and still."
    )
    story += [paragraph(key, 7.5, SOFT), Spacer(1, 6), _maps(course, width_pt), Spacer(1, 8), _table(course, width_pt)]
    return [*story, Spacer(1, 8), paragraph(REQUIRED_WORDING, 8.5, INK, bold=True)]


def _maps(course: Timeline, width_pt: float) -> Any:
    from reportlab.platypus import KeepTogether, Table

    parts, places = part_counts(course), place_counts(course)
    body, unplaced = body_map(places)
    beside = f" Not on the map: {listing(unplaced)}." if unplaced else ""
    said = [
        [paragraph(f"Regions of the face that twitched, in how many films: {_counts(parts)}.", 8, SOFT)],
        [paragraph(f"Body parts that twitched, in how many films: {_counts(places)}.{beside}", 8, SOFT)],
    ]
    row = [as_flowable(face_map(parts), MAP_PT, FONT), said[0], as_flowable(body, MAP_PT, FONT), said[1]]
    wide = width_pt / 2 - MAP_PT
    return KeepTogether(
        [Table([row], colWidths=[MAP_PT, wide, MAP_PT, wide], style=[("VALIGN", (0, 0), (-1, -1), "TOP")])]
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _table(course: Timeline, width_pt: float) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table

    heads = [paragraph(head, 7, INK, bold=True) for head in TABLE_HEADS]
    rows = [[paragraph(cell, 7, INK) for cell in row] for row in table_rows(course)]
    rule = ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(LINE))
    looks = [rule, ("VALIGN", (0, 0), (-1, -1), "TOP")]
    looks += [(f"{side}PADDING", (0, 0), (-1, -1), 2) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    return Table([heads, *rows], colWidths=[share * width_pt for share in SHARES], style=looks, repeatRows=1)
