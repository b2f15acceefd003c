"""The few shapes that all pictures of the page are made of: across in per cent, up in px."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

SHORT_LABEL = 6  # letters that fit beside the edge of a picture
NARROW, WIDE = 0.02, 0.15  # of the width that a label needs on one side of its tick


def span(onset_s: float, offset_s: float, duration_s: float, top: float, tall: float, name: str) -> Markup:
    """Draw a bar between two times of a clip."""
    left, right = (100 * min(max(at_s, 0.0), duration_s) / duration_s for at_s in (onset_s, offset_s))
    return rect(left, right - left, top, tall, name)


def rect(left: float, width: float, top: float, tall: float, name: str) -> Markup:
    """Draw a rectangle: left and width in per cent, the rest in px."""
    return Markup('<rect class="{}" x="{:.3f}%" width="{:.3f}%" y="{:.1f}" height="{:.1f}"/>').format(
        name, left, width, top, tall
    )


def line(across: float, top: float, bottom: float, name: str) -> Markup:
    """Draw an upright line."""
    return Markup('<line class="{0}" x1="{1:.3f}%" x2="{1:.3f}%" y1="{2:.1f}" y2="{3:.1f}"/>').format(
        name, across, top, bottom
    )


def rule(up: float) -> Markup:
    """Draw a level line across."""
    return Markup('<line class="rule" x1="0" x2="100%" y1="{0:.1f}" y2="{0:.1f}"/>').format(up)


def tick(share: float, label: str, up: float, last: float | None) -> Markup:
    """Write a tick's label, kept inside of the picture at both ends."""
    room = NARROW if len(label) <= SHORT_LABEL else WIDE
    anchor = "start" if share < room else "end" if share > 1 - room else "middle"
    words = f"{label} s" if last is not None and share == 0 else label
    return text(f"{100 * share:.3f}%", up, words, anchor)


def text(across: str, up: float, label: str, anchor: str) -> Markup:
    """Write a label: `across` with its unit, `up` in px."""
    return Markup('<text x="{}" y="{:.1f}" text-anchor="{}">{}</text>').format(across, up, anchor, label)


def svg(
    parts: Iterable[Markup], height_px: float, alt: str, *, is_hidden: bool = False, is_timed: bool = False
) -> Markup:
    """Put parts into a picture as wide as its place, with what a screen reader says of it."""
    voice = Markup('aria-hidden="true"') if is_hidden else Markup('role="img" aria-label="{}"').format(alt)
    kind = "chart timed" if is_timed else "chart"
    return Markup('<svg class="{}" width="100%" height="{}" {}>{}</svg>').format(
        kind, height_px, voice, Markup("").join(parts)
    )
