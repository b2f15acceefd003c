"""Drawings of a few shapes, made once: as SVG for the page, and as reportlab's for the PDF. x right, y down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
INK, BLUE, RUST, SKIN = "#444444", "#1f5d8a", "#b3400f", "#f3f0ec"


@dataclass(frozen=True)
class Style:
    """How a shape looks. None: no fill, no stroke."""

    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    opacity: float = 1.0
    dash: tuple[int, ...] = ()


@dataclass(frozen=True)
class Path:
    """Points joined by straight lines. `tip`: what the page shows to who points at it."""

    points: Sequence[Point]
    style: Style
    is_closed: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Dot:
    """An ellipse about a point."""

    at: Point
    radius: Point
    style: Style
    tip: str = ""


@dataclass(frozen=True)
class Word:
    """A short text, its foot at a point."""

    at: Point
    text: str
    anchor: Anchor = "start"


Shape = Path | Dot | Word


@dataclass(frozen=True)
class Picture:
    """Shapes on a sheet. `says`: what a reader hears who does not see it."""

    size: Point
    says: str
    shapes: tuple[Shape, ...]


def circle(x: float, y: float, radius: float, style: Style, tip: str = "") -> Dot:
    """Make a round dot."""
    return Dot((x, y), (radius, radius), style, tip)


def line(start: Point, end: Point, style: Style) -> Path:
    """Make a straight line."""
    return Path((start, end), style)


TEXT_PX = 12.0


def as_svg(picture: Picture) -> Markup:
    """Write a picture as SVG that stands inside a page; whatever users typed is escaped."""
    head = Markup('<svg role="img" viewBox="0 0 {0:g} {1:g}" width="{0:g}" height="{1:g}"><title>{2}</title>')
    inside = Markup("").join(_svg_of(shape) for shape in picture.shapes)
    return head.format(*picture.size, picture.says) + inside + Markup("</svg>")


def _svg_of(shape: Shape) -> Markup:
    if isinstance(shape, Word):
        x, y = shape.at
        return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, shape.anchor, shape.text)
    tip = Markup("<title>{}</title>").format(shape.tip) if shape.tip else ""
    if isinstance(shape, Dot):
        (x, y), (wide, tall) = shape.at, shape.radius
        ellipse = Markup('<ellipse cx="{:.1f}" cy="{:.1f}" rx="{:.1f}" ry="{:.1f}" {}>{}</ellipse>')
        return ellipse.format(x, y, wide, tall, _svg_style(shape.style), tip)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    name = "polygon" if shape.is_closed else "polyline"
    return Markup('<{0} points="{1}" {2}>{3}</{0}>').format(name, points, _svg_style(shape.style), tip)


def _svg_style(style: Style) -> Markup:
    said = Markup('fill="{}" stroke="{}" stroke-width="{:g}" opacity="{:g}"').format(
        style.fill or "none", style.stroke or "none", style.width, style.opacity
    )
    return said + (Markup(' stroke-dasharray="{}"').format(" ".join(map(str, style.dash))) if style.dash else "")


def as_flowable(picture: Picture, width_pt: float, font: str) -> Any:
    """Draw a picture for reportlab, as wide as asked for."""
    from reportlab.graphics.shapes import Drawing, Group

    scale = width_pt / picture.size[0]
    group = Group(*_reportlab_of(picture.shapes, picture.size[1], font))
    group.scale(scale, scale)
    drawing = Drawing(width_pt, scale * picture.size[1])
    drawing.add(group)
    return drawing


def _reportlab_of(shapes: Iterable[Shape], height: float, font: str) -> list[Any]:
    """Turn shapes over: there y grows upwards."""
    from reportlab.graphics.shapes import Ellipse, Polygon, PolyLine, String
    from reportlab.lib.colors import HexColor

    made: list[Any] = []
    for shape in shapes:
        if isinstance(shape, Word):
            x, y = shape.at
            made.append(
                String(x, height - y, shape.text, fontName=font, fontSize=TEXT_PX, textAnchor=shape.anchor,
                       fillColor=HexColor(INK))
            )  # fmt: skip
            continue
        look = _reportlab_style(shape.style)
        if isinstance(shape, Dot):
            made.append(Ellipse(shape.at[0], height - shape.at[1], *shape.radius, **look))
        elif shape.points:
            flat = [value for x, y in shape.points for value in (x, height - y)]
            made.append(Polygon(flat, **look) if shape.is_closed else PolyLine(flat, **look))
    return made


def _reportlab_style(style: Style) -> dict[str, Any]:
    from reportlab.lib.colors import HexColor

    return {
        "fillColor": None if style.fill is None else HexColor(style.fill),
        "strokeColor": None if style.stroke is None else HexColor(style.stroke),
        "strokeWidth": style.width,
        "fillOpacity": style.opacity,
        "strokeOpacity": style.opacity,
        "strokeDashArray": list(style.dash) or None,
    }
