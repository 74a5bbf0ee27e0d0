"""How a hosted page looks: one frame, one small style sheet, a banner that no real money moves."""

from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("page.css").read_text()


def frame(title: str, *sections: str) -> bytes:
    """A whole page; every section is HTML that is escaped already."""
    boxes = "".join(f"<section>{section}</section>" for section in sections)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        '<body><div class="banner" role="note">Test double: no real money moves</div>'
        f"<main>{boxes}</main></body></html>"
    ).encode()


def heading(text: str, below: str = "") -> str:
    return f"<h1>{escape(text)}</h1>" + (f'<p class="soft">{escape(below)}</p>' if below else "")


def table(rows: list[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows) + "</table>"


def form(*parts: str) -> str:
    return f'<form method="post">{"".join(parts)}</form>'


def button(value: str, text: str, *, main: bool = False) -> str:
    return f'<button name="do" value="{escape(value)}"{" class=main" if main else ""}>{escape(text)}</button>'


def entry(name: str, text: str, value: str = "", kind: str = "text") -> str:
    return f'<label>{escape(text)}<input name="{escape(name)}" type="{kind}" value="{escape(value)}"></label>'


def price(amount: int, currency: str) -> str:
    """Minor units as people read them."""
    if currency in ("jpy",):
        return f"{amount:,} {currency.upper()}"
    sign, cents = "-" if amount < 0 else "", abs(amount)
    return f"{sign}{cents // 100:,}.{cents % 100:02} {currency.upper()}"
