"""A specification drawn: as SVG inside a page, or as a file of its own.

What Vega draws is reduced to what is seen: coordinates to a tenth of a pixel, without its own numbering, which goes on
from drawing to drawing. A mark that has a tip carries it, and the place of its rung on the ladder, as data.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from kiss_bench.reports.charts.theme import PLACE, TIP, Spec

SVG = "http://www.w3.org/2000/svg"
PAPER, PRINT = "#ffffff", "#1b1f24"
_UNSEEN = ("role", "aria-roledescription", "aria-label", "aria-hidden", "class", "pointer-events", "stroke-miterlimit")
_COORDINATES = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height")
_LONG = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")

ET.register_namespace("", SVG)


def inline_svg(spec: Spec, name: str) -> str:
    """Draw it for a page; `name` keeps its ids apart from those of other drawings."""
    return _text(_drawn(spec, name))


def svg_file(spec: Spec, name: str) -> str:
    """Draw it for a file: dark on white, since a picture in a text knows nothing of the page around it."""
    root = _drawn(spec, name)
    root.set("style", f"color:{PRINT};background:{PAPER}")
    root.insert(1, ET.Element(f"{{{SVG}}}rect", {"width": "100%", "height": "100%", "fill": PAPER}))
    return _text(root) + "\n"


def tips(spec: Any) -> Iterator[Mapping[str, Any]]:
    """All rows of a specification that have a tip."""
    if isinstance(spec, Mapping):
        if TIP in spec:
            yield spec
        for part in spec.values():
            yield from tips(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from tips(part)


@lru_cache(maxsize=32)
def _vega(spec: str) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(json.loads(spec)))


def forget_drawings() -> None:
    """Have everything drawn anew; what was drawn last is kept, since page and files share pictures."""
    _vega.cache_clear()


def _drawn(spec: Spec, name: str) -> ET.Element:
    root = ET.fromstring(_vega(json.dumps(spec)))  # noqa: S314 - our own drawing
    root.attrib.pop("class", None)
    places = {str(row[TIP]): row.get(PLACE) for row in tips(spec)}
    ids: dict[str, str] = {}
    for element in list(root.iter()):
        _reduced(element, places)
        for key in ("id", "clip-path"):
            if key in element.attrib:
                element.set(key, _renamed(element.attrib[key], name, ids))
    _prune(root)
    title = ET.Element(f"{{{SVG}}}title")
    title.text = str(spec["description"])
    root.insert(0, title)
    root.set("role", "img")
    root.set("aria-label", str(spec["description"]))
    return root


def _reduced(element: ET.Element, places: Mapping[str, Any]) -> None:
    told = element.attrib.get("aria-label", "")
    for key in _UNSEEN:
        element.attrib.pop(key, None)
    if told in places:
        element.set("data-tip", told)
        if places[told] is not None:
            element.set("data-rung", str(places[told]))
    for key in _COORDINATES:
        if key in element.attrib:
            element.set(key, _LONG.sub(_short, element.attrib[key]))
    if element.attrib.get("opacity") == "1":
        del element.attrib["opacity"]


def _short(found: re.Match[str]) -> str:
    return f"{round(float(found[0]), 1) + 0.0:g}"  # + 0.0: no minus before a zero


def _renamed(text: str, name: str, ids: dict[str, str]) -> str:
    found = _REFERENCE.fullmatch(text)
    key = found[1] if found else text
    new = ids.setdefault(key, f"{name}-{len(ids)}")
    return f"url(#{new})" if found else new


def _prune(parent: ET.Element) -> None:
    """Take out what draws nothing: empty paths, and groups without anything in them."""
    for child in list(parent):
        _prune(child)
        tag = child.tag.removeprefix(f"{{{SVG}}}")
        nothing = tag == "path" and (child.get("display") == "none" or child.get("d") in {"", "M0,0h0v0h0Z"})
        nothing = nothing or (tag == "rect" and child.get("fill") == "transparent")
        unpainted = tag == "path" and not child.get("fill") and not child.get("stroke") and parent.tag.endswith("}g")
        if nothing or (tag == "g" and len(child) == 0) or (unpainted and "data-tip" not in child.attrib):
            parent.remove(child)


def _text(root: ET.Element) -> str:
    return ET.tostring(root, encoding="unicode")
