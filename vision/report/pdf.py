"""report.pdf: one or two pages for the patient's file. Answer, still, timeline, measures, quality, wording."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import cv2
import numpy as np

from vision.model.arrays import ByteArray
from vision.model.result import AnalysisResult
from vision.report import printed, tables, text
from vision.report.beat import beat_of
from vision.report.heat import heat_of, laid_over
from vision.report.marked import Marker
from vision.report.reviewed import ReviewedView
from vision.report.still import JPEG_QUALITY, Still

FONT, BOLD = "DejaVuSans", "DejaVuSans-Bold"
INK, SOFT, ACCENT, LINE = "#1b2430", "#4d5a68", "#00639c", "#d5dce3"
MARGIN_PT, LANE_PT, NAME_PT = 42.0, 9.0, 110.0
TALL_PT, WIDEST_PT, GAP_PT, POINTS_PER_INCH = 190.0, 230.0, 12.0, 72.0
MOST_LANES, MOST_LETTERS = 10, 600  # so that it stays at two pages; the rest stands in report.html
ROWS = ("Twitches", "Clear view", "Rate", "Bursts", "Rate within bursts", "In movement", "Verdict", "LV", "Places",
        "Regions", "Busiest place", "Side", "Closures", "Longest")  # fmt: skip


def write_pdf(result: AnalysisResult, path: Path, still: Still | None, reviewed: ReviewedView | None = None) -> None:
    """Write the PDF. Its metadata hold no name, no date and no path: same result, same bytes."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    register_fonts()
    frame = SimpleDocTemplate(
        str(path), pagesize=A4, leftMargin=MARGIN_PT, rightMargin=MARGIN_PT, topMargin=MARGIN_PT,
        bottomMargin=MARGIN_PT, title="twitchscope report", author="twitchscope", invariant=1, lang="en",
    )  # fmt: skip
    # a frame keeps 6 pt free on each side
    frame.build(_story(result, still, reviewed, frame.width - 12))


def register_fonts() -> None:
    """Fonts that know more than Latin letters; they come with matplotlib."""
    from matplotlib import get_data_path
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (FONT, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, f"{get_data_path()}/fonts/ttf/{name}.ttf"))


def _story(result: AnalysisResult, still: Still | None, reviewed: ReviewedView | None, width_pt: float) -> list[Any]:
    from reportlab.platypus import Spacer

    document = result.document
    first = text.neurologist_sentences(document)
    story: list[Any] = [paragraph("twitchscope report", 9, ACCENT, bold=True)]
    if text.neurologist_comes_first(document):
        story.append(paragraph(first[0], 9, INK, bold=True))
    story += [paragraph(text.answer_sentence(document), 14, INK, bold=True)]
    said = [text.simulated_sentence(document), _review_words(reviewed), text.pattern_sentence(document)]
    story += [paragraph(line, 9.5, INK) for line in said if line]
    story += [paragraph(" ".join(text.limit_sentences(document)), 9, SOFT), Spacer(1, 6)]
    story += _pictures(result, still, width_pt)
    story += [
        Spacer(1, 6),
        _timeline(result, width_pt),
        Spacer(1, 8),
        _measures(result, width_pt, reviewed),
        Spacer(1, 6),
    ]
    story += [paragraph(f"{one.message} {one.advice}", 8.5, INK) for one in document.quality.warnings[:8]]
    story += [paragraph(line, 8.5, INK) for line in first]
    story.append(paragraph(text.REQUIRED_WORDING, 8.5, INK, bold=True))
    about = f"{document.software.name} {document.software.version}, clip SHA-256 {document.clip.sha256}"
    return [*story, paragraph(about, 7, SOFT)]


def paragraph(words: str, size_pt: float, colour: str, *, bold: bool = False) -> Any:
    """Set a text, whatever a user typed into it."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle(
        "plain", fontName=BOLD if bold else FONT, fontSize=size_pt, leading=1.35 * size_pt, spaceAfter=3,
        textColor=HexColor(colour), splitLongWords=1,
    )  # fmt: skip
    return Paragraph(escape(printable(words)), style)


def printable(words: str) -> str:
    """Keep what a page can hold: no control or direction marks, one line, not without end."""
    kept = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in words)
    return kept if len(kept) <= MOST_LETTERS else kept[: MOST_LETTERS - 1] + "…"


def _pictures(result: AnalysisResult, still: Still | None, width_pt: float) -> list[Any]:
    """The still, and beside it trace and intervals; each alone where the other is missing."""
    from reportlab.platypus import Image, Table

    cells, widths = [], []
    if still is not None:
        cells.append(_picture(result, still))
        widths.append(min(cells[0].drawWidth + GAP_PT, width_pt / 2))
    rest_pt = width_pt - sum(widths)
    png = printed.rhythm_png(result, beat_of(result.document), (rest_pt / POINTS_PER_INCH, TALL_PT / POINTS_PER_INCH))
    if png is not None:
        cells.append(Image(io.BytesIO(png), width=rest_pt, height=TALL_PT, hAlign="LEFT"))
        widths.append(rest_pt)
    flush = [(side, (0, 0), (-1, -1), 0) for side in ("LEFTPADDING", "RIGHTPADDING")] + [
        ("VALIGN", (0, 0), (-1, -1), "TOP")
    ]
    return [Table([cells], colWidths=widths, style=flush, hAlign="LEFT")] if cells else []


def _picture(result: AnalysisResult, still: Still) -> Any:
    """The still with heat map and rings, as high as a quarter of the page, at most half of it wide."""
    from reportlab.platypus import Image

    rgb: ByteArray = still.picture if still.picture.ndim == 3 else np.repeat(still.picture[..., None], 3, axis=2)
    height, width = rgb.shape[:2]
    heat = heat_of(result)
    if heat is not None:
        rgb = laid_over(rgb, heat, still.scale)
    marked = Marker(result, still.scale, (width, height)).rings(rgb, result.signals.reference_index)
    _, encoded = cv2.imencode(".jpg", marked[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    wide_pt = min(TALL_PT * width / height, WIDEST_PT)
    return Image(io.BytesIO(encoded.tobytes()), width=wide_pt, height=wide_pt * height / width, hAlign="LEFT")


def _timeline(result: AnalysisResult, width_pt: float) -> Any:
    """A lane for each region that twitched, and one for what was set apart."""
    from reportlab.graphics.shapes import Drawing, Rect, String
    from reportlab.lib.colors import HexColor

    document = result.document
    names = list(dict.fromkeys(text.place(event.region, event.side) for event in document.events))[:MOST_LANES]
    lanes: list[tuple[str, str, Sequence[Any]]] = [
        (name, ACCENT, [one for one in document.events if text.place(one.region, one.side) == name]) for name in names
    ]
    lanes.append(("blinks and others, not counted", "#8d99a5", document.rejected))
    drawing = Drawing(width_pt, (len(lanes) + 1) * (LANE_PT + 4))
    px = (width_pt - NAME_PT) / document.clip.duration_s
    for row, (name, colour, spans) in enumerate(lanes):
        y = (len(lanes) - row) * (LANE_PT + 4)
        drawing.add(String(0, y + 2, name[:34], fontName=FONT, fontSize=6.5, fillColor=HexColor(SOFT)))
        drawing.add(Rect(NAME_PT, y, width_pt - NAME_PT, LANE_PT, fillColor=HexColor("#f3f6f8"), strokeColor=None))
        for one in spans:
            wide = max(0.7, (one.offset_s - one.onset_s) * px)
            drawing.add(
                Rect(NAME_PT + one.onset_s * px, y, wide, LANE_PT, fillColor=HexColor(colour), strokeColor=None)
            )
    for share in (0.0, 0.5, 1.0):
        at = NAME_PT + share * (width_pt - NAME_PT)
        label = f"{share * document.clip.duration_s:.1f} s"
        anchor = ("start", "middle", "end")[int(2 * share)]
        drawing.add(String(at, 3, label, fontName=FONT, fontSize=6.5, textAnchor=anchor, fillColor=HexColor(SOFT)))
    return drawing


def _value(row: tables.Row, after: str | None) -> str:
    """Write a figure with its interval; after a review the reviewed one, with the program's own behind it."""
    value = f"{row.value} ({row.interval})" if row.interval else row.value
    return value if after is None else f"{after}; by the program: {value}"


def _review_words(reviewed: ReviewedView | None) -> str:
    if reviewed is None:
        return ""
    remark = f" Remark: {reviewed.remark}" if reviewed.remark else ""
    return f"{reviewed.headline} {reviewed.counts} Answer, pattern and pictures are the program's own.{remark}"


def _measures(result: AnalysisResult, width_pt: float, reviewed: ReviewedView | None) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table

    found = {row.name: row for _, rows in tables.feature_groups(result.document) for row in rows}
    after = {name: new for name, old, new in reviewed.rows if new != old} if reviewed else {}
    rows = [
        [paragraph(found[name].name, 8, SOFT), paragraph(_value(found[name], after.get(name)), 8, INK)]
        for name in ROWS
        if name in found
    ]
    half = (len(rows) + 1) // 2
    blank = [paragraph("", 8, INK)] * 2
    both = [left + right for left, right in zip(rows[:half], [*rows[half:], blank][:half], strict=True)]
    share = width_pt / 4
    rule = ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(LINE))
    return Table(both, colWidths=[share] * 4, style=[rule, ("TOPPADDING", (0, 0), (-1, -1), 1)])
