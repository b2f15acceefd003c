"""report.pdf: one or two pages for the patient's file. Answer, still, timeline, measures, quality, wording."""

from __future__ import annotations

import io
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any
from xml.sax.saxutils import escape

import cv2

from vision.model.result import AnalysisResult, ResultDocument
from vision.report import printed, tables, text
from vision.report.again import settings_note
from vision.report.beat import beat_of
from vision.report.reviewed import ReviewedView
from vision.report.still import JPEG_QUALITY, Still, marked_still
from vision.report.units import counted, probability

FONT, BOLD = "DejaVuSans", "DejaVuSans-Bold"
INK, SOFT, ACCENT, LINE = "#1b2430", "#4d5a68", "#00639c", "#d5dce3"
MARGIN_PT, LANE_PT, NAME_PT = 42.0, 9.0, 110.0
TALL_PT, WIDEST_PT, GAP_PT, POINTS_PER_INCH = 190.0, 230.0, 12.0, 72.0
MOST_LANES, MOST_LETTERS = 10, 600  # so that it stays at two pages; the rest stands in report.html
ROWS = ("Twitches", "Clear view", "Rate", "Bursts", "Rate within bursts", "Time in movement", "Verdict", "LV", "Places",
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
    comes_first = text.neurologist_comes_first(document)
    if comes_first:
        story.append(paragraph(first[0], 9, INK, bold=True))
    story += [paragraph(text.answer_sentence(document), 14, INK, bold=True)]
    said = [
        text.simulated_sentence(document),
        _facts("Film", text.recording_facts(document)),
        _review_words(reviewed),
        text.pattern_sentence(document),
    ]
    story += [paragraph(line, 9.5, INK) for line in said if line]
    story += [paragraph(line, 8.5, INK) for line in (" ".join(document.pattern.reasons), _probabilities(document))]
    story += [paragraph(" ".join(text.limit_sentences(document)), 9, SOFT), Spacer(1, 6)]
    story += _pictures(result, still, width_pt)
    story += [paragraph(note, 8.5, INK)] if (note := settings_note(document)) else []
    story += [
        Spacer(1, 6),
        _timeline(result, width_pt),
        *([paragraph(left_out, 7, SOFT)] if (left_out := left_out_words(document)) else []),
        Spacer(1, 8),
        _measures(result, width_pt, reviewed),
        Spacer(1, 6),
    ]
    story += [paragraph(f"{one.message} {one.advice}", 8.5, INK) for one in document.quality.warnings[:8]]
    story.append(paragraph("Reasons to see a neurologist" if comes_first else first[0], 8.5, INK, bold=comes_first))
    answers = [*first[1:], _facts("The patient says", text.context_facts(document))]
    story += [paragraph(part, 8.5, INK) for line in answers for part in wrap(printable_line(line), MOST_LETTERS)]
    story.append(paragraph(text.REQUIRED_WORDING, 8.5, INK, bold=True))
    about = f"{document.software.name} {document.software.version}, clip SHA-256 {document.clip.sha256}"
    return [*story, paragraph(about, 7, SOFT)]


def _facts(heading: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Put pairs of a question (without the hint behind it) and its answer on one line; nothing where there are none."""
    asked = [(word[: word.find("?") + 1] or f"{word}:", value) for word, value in pairs]
    return f"{heading}. " + " ".join(f"{word} {value.rstrip('.')}." for word, value in asked) if pairs else ""


def _probabilities(document: ResultDocument) -> str:
    """Name all four patterns with their probabilities, the likeliest first."""
    ranked = sorted(document.pattern.probability.items(), key=lambda item: -item[1])
    return "Probabilities: " + ", ".join(f"{name} {probability(value)}" for name, value in ranked) + "."


def paragraph(words: str, size_pt: float, colour: str, *, bold: bool = False) -> Any:
    """Set a text, whatever a user typed into it."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle(
        "plain", fontName=BOLD if bold else FONT, fontSize=size_pt, leading=1.3 * size_pt, spaceAfter=3,
        textColor=HexColor(colour), splitLongWords=1,
    )  # fmt: skip
    return Paragraph(escape(printable(words)), style)


def printable(words: str) -> str:
    """Keep what a page can hold: no control or direction marks, one line, not without end."""
    kept = printable_line(words)
    return kept if len(kept) <= MOST_LETTERS else kept[: MOST_LETTERS - 1] + "…"


def printable_line(words: str) -> str:
    """Put a text of any length on one line without control or direction marks."""
    return "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in words)


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

    marked = marked_still(result, still)
    height, width = marked.shape[:2]
    _, encoded = cv2.imencode(".jpg", marked[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    wide_pt = min(TALL_PT * width / height, WIDEST_PT)
    return Image(io.BytesIO(encoded.tobytes()), width=wide_pt, height=wide_pt * height / width, hAlign="LEFT")


def twitching_regions(document: ResultDocument) -> list[str]:
    """Name the regions that twitched, the busiest first."""
    return [name for name, _ in Counter(text.place(one.region, one.side) for one in document.events).most_common()]


def left_out_words(document: ResultDocument) -> str:
    """Say how many regions have no lane; nothing where each has one."""
    count = len(twitching_regions(document)) - MOST_LANES
    return f"{counted(count, 'more region')} in report.html." if count > 0 else ""


def _timeline(result: AnalysisResult, width_pt: float) -> Any:
    """A lane for each of the busiest regions, and one for what was set apart."""
    from reportlab.graphics.shapes import Drawing, Rect, String
    from reportlab.lib.colors import HexColor

    document = result.document
    names = twitching_regions(document)[:MOST_LANES]
    lanes: list[tuple[str, str, Sequence[Any]]] = [
        (name, ACCENT, [one for one in document.events if text.place(one.region, one.side) == name]) for name in names
    ]
    lanes.append(("blinks and others, not counted", "#8d99a5", document.passing))
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
    value = tables.figure(row)
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
    rows = [[paragraph(name, 8, SOFT), paragraph(_value(found[name], after.get(name)), 8, INK)] for name in ROWS]
    half = (len(rows) + 1) // 2
    blank = [paragraph("", 8, INK)] * 2
    both = [left + right for left, right in zip(rows[:half], [*rows[half:], blank][:half], strict=True)]
    share = width_pt / 4
    rule = ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(LINE))
    return Table(both, colWidths=[share] * 4, style=[rule, ("TOPPADDING", (0, 0), (-1, -1), 1)])
