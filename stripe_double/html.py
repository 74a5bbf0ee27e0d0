"""How a hosted page looks: one frame, one small style sheet, a banner that no real money moves."""

from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --soft: #667085; --line: #d8dce5; --paper: #fff; --back: #f4f5f8; --act: #4f46e5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7e9ef; --soft: #98a1b3; --line: #363c4a; --paper: #1d212b; --back: #14171e; --act: #8b85ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
.banner { background: #b54708; color: #fff; text-align: center; padding: .5rem 1rem; font-size: .9rem; }
main { max-width: 30rem; margin: 2.5rem auto; padding: 0 1rem; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; padding: 1.5rem; margin-bottom: 1rem; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
p { margin: 0 0 1rem; } p:last-child { margin-bottom: 0; } .soft { color: var(--soft); font-size: .9rem; }
.sum { font-size: 2.25rem; font-weight: 600; font-variant-numeric: tabular-nums; margin: .5rem 0 1rem; line-height: 1.2; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .5rem 0; border-top: 1px solid var(--line); text-align: left; font-weight: 400; }
td:last-child { text-align: right; }
label { display: block; margin-bottom: .75rem; font-size: .9rem; color: var(--soft); }
input { display: block; width: 100%; margin-top: .25rem; padding: .5rem .625rem; font: inherit; color: var(--ink);
  background: var(--back); border: 1px solid var(--line); border-radius: .5rem; }
button { display: block; width: 100%; margin-top: .625rem; padding: .7rem; font: inherit; border-radius: .5rem; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: var(--ink); }
button.main { background: var(--act); border-color: var(--act); color: #fff; font-weight: 600; }
@media (prefers-color-scheme: dark) { button.main { color: #14171e; } }
button:focus-visible, input:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
a { color: var(--act); }
"""


def frame(title: str, *sections: str) -> bytes:
    """A whole page; every section is HTML that is escaped already."""
    boxes = "".join(f"<section>{section}</section>" for section in sections)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><div class="banner" role="note">Test double: no real money moves</div><main>{boxes}</main></body></html>'
    ).encode()


def heading(text: str, below: str = "") -> str:
    return f"<h1>{escape(text)}</h1>" + (f'<p class="soft">{escape(below)}</p>' if below else "")


def table(rows: list[tuple[str, str]]) -> str:
    return (
        "<table>"
        + "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows)
        + "</table>"
    )


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
