"""The pieces of a page: escaped text, tables, sections, figures, and the page around them."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dlcli.report.drawing.colours import DARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
"""Nothing is loaded from anywhere, and nothing runs but the scripts whose hashes are named.

Plotly writes its styles into the page while it draws: they cannot be named beforehand.
"""


LONG = 32
"""Letters of a table's cell; a longer text is folded, a shorter one and numbers never."""


@dataclass(frozen=True)
class Figure:
    """An interactive figure.

    Attributes:
        title: What it shows.
        reading: How to read it, a sentence or two.
        traces: As plotly.js takes them.
        layout: Likewise; fonts, margins and colours are the page's.
        table: The same numbers, header first, for who cannot see or hover.
        height: In pixels.
        more: Whether there is more than its vertical axis shows at first: a button shows all.
    """

    title: str
    reading: str
    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    table: Sequence[Sequence[str]]
    height: int = 380
    more: bool = False


@dataclass(frozen=True)
class Section:
    """A heading and what is below it, in HTML and figures in their order."""

    title: str
    parts: Sequence[str | Figure]


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: Sequence[str] = (),
    name: str = "table",
    kept: str | None = None,
) -> str:
    """Return a table that can be sorted by any column, with a box of its own to scroll in.

    Args:
        header: A name for each column.
        rows: The cells, plain text.
        numeric: Columns that are aligned to the right.
        name: What the table holds, for who only hears of it.
        kept: A column that stays in view on a narrow screen, where the others scroll past it.
    """
    heads = "".join(_heading(name, kept=name == kept) for name in header)
    looks = [(name in numeric, name == kept) for name in header]
    body = "".join(
        "<tr>"
        + "".join(_cell(text, *look) for text, look in zip(row, looks, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        '<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(name)}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _heading(name: str, *, kept: bool) -> str:
    button = f'<button type="button">{escape(name)}</button>'
    return f'<th scope="col"{_classes(kept=kept)}>{button}</th>'


def _cell(text: str, number: bool, kept: bool) -> str:
    look = _classes(number=number, long=not number and len(text) > LONG, kept=kept)
    return f"<td{look}>{escape(text)}</td>"


def _classes(**given: bool) -> str:
    """Return the attribute of the classes that are given; empty without any."""
    names = " ".join(name for name, is_given in given.items() if is_given)
    return f' class="{names}"' if names else ""


def paragraphs(*texts: str) -> str:
    """Return texts as a paragraph each."""
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def bullets(items: Iterable[str]) -> str:
    """Return a list of texts."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def prose(blocks: Iterable[str | Sequence[str]]) -> str:
    """Return texts as paragraphs, and sequences of texts as lists."""
    return "".join(
        paragraphs(block) if isinstance(block, str) else bullets(block) for block in blocks
    )


def box(items: Sequence[str]) -> str:
    """Return an ordered list in a box of its own."""
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f'<div class="box"><ol>{listed}</ol></div>'


def card(sentences: Sequence[str], more: str = "") -> str:
    """Return the headline of a page: its sentences, the first one large, and HTML below them."""
    return f'<div class="card">{paragraphs(*sentences)}{more}</div>'


def bare(text: str) -> str:
    """Return text as plotly draws it letter by letter: it takes tags, links among them, from text.

    For whatever comes from a config or a data file and stands in a figure.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Return text as it was written, in a box of its own to scroll in."""
    return f'<pre class="scroll" tabindex="0">{escape(text)}</pre>'


def folded(title: str, content: str) -> str:
    """Return what is shown on demand."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Return a whole page.

    Args:
        title: Plain text.
        lead: HTML: the answer, before everything else.
        sections: In their order; the table of contents is made of them.
    """
    figures: list[dict[str, Any]] = []
    body = "".join(
        f'<section id="s{i}"><h2>{escape(section.title)}</h2>'
        + "".join(_part(part, figures) for part in section.parts)
        + "</section>"
        for i, section in enumerate(sections)
    )
    contents = "".join(
        f'<li><a href="#s{i}">{escape(section.title)}</a></li>'
        for i, section in enumerate(sections)
    )
    plotly, script = _plotly() if figures else "", _asset("page.js")
    return _TEMPLATE.format(
        title=escape(title),
        policy=escape(policy(plotly, script)),
        style=_asset("page.css"),
        lead=lead,
        contents=contents,
        body=body,
        data=_as_script(figures),
        dark=escape(json.dumps(dict(DARK))),
        plotly=plotly,
        script=script,
    )


def policy(*scripts: str) -> str:
    """Return the Content Security Policy (level 2) of a page.

    Args:
        scripts: All that may run, as they stand between their tags, letter by letter.
    """
    return POLICY.format(scripts=" ".join(map(_digest, scripts)))


@cache
def _digest(script: str) -> str:
    """Return a script's hash as a policy names it."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def _part(part: str | Figure, figures: list[dict[str, Any]]) -> str:
    if isinstance(part, str):
        return part
    number = len(figures)
    figures.append({"traces": part.traces, "layout": part.layout, "height": part.height})
    button = _whole_button(number) if part.more else ""
    name = f"The numbers of: {part.title}"
    told = table(part.table[0], part.table[1:], numeric=part.table[0][1:], name=name)
    numbers = folded("The numbers", told)
    label = escape(f"{part.title}. {part.reading} The numbers are in the table below.")
    return (
        f'<figure><figcaption><h3>{escape(part.title)}</h3><p class="reading">'
        f"{escape(part.reading)}</p>{button}</figcaption>"
        f'<div class="plot" id="f{number}" role="img" aria-label="{label}" '
        f'style="height:{part.height}px"></div>{numbers}</figure>'
    )


def _whole_button(number: int) -> str:
    return (
        f'<p class="whole"><button type="button" data-figure="{number}" aria-controls="f{number}" '
        'aria-pressed="false">Show all values</button></p>'
    )


def _as_script(content: Any) -> str:
    """Return JSON that cannot end the script it stands in."""
    return json.dumps(content, allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")


@cache
def _asset(name: str) -> str:
    return files("dlcli.report.page").joinpath("assets", name).read_text("utf-8")


@cache
def _plotly() -> str:
    """Return plotly.js, which the package plotly holds; plotly itself is not imported."""
    import importlib.util
    from pathlib import Path

    spec = importlib.util.find_spec("plotly")
    assert spec is not None  # noqa: S101 - a dependency
    assert spec.origin is not None  # noqa: S101
    place = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return place.read_text("utf-8").replace("</script", "<\\/script")


_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><h1>{title}</h1><div class="lead">{lead}</div>
<nav aria-label="Contents"><ul>{contents}</ul></nav></header>
<main id="main">{body}</main>
<footer><p>Written by dlcli. This file needs nothing else, and loads nothing.</p></footer>
<script type="application/json" data-dark="{dark}" id="figures">{data}</script>
<script>{plotly}</script>
<script>{script}</script>
</body>
</html>
"""
