"""Papers as PDF: a plain sheet of headings, facts and lines with amounts, in a font for Latin, Greek and Cyrillic.

Letters of other alphabets are written by their Unicode number, [U+5F20], and the sheet says so: nothing is left out, and the
page and the CSV beside it show them as they are.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from importlib.resources import files
from typing import cast

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

FAMILY = "opensans"
STYLES = {"": "OpenSans-Regular.ttf", "B": "OpenSans-SemiBold.ttf"}
EDGE, WIDTH, AMOUNT, HIGH = 15, 180, 42, 5
"""Millimetres of A4: margin, what is between the margins, the column of amounts, a line."""


class Sheet(FPDF):
    """One paper, written from top to bottom."""

    def __init__(self, *, title: str, now: dt.datetime) -> None:
        super().__init__(format="A4")
        for style, name in STYLES.items():
            self.add_font(FAMILY, style, str(files("ttf_opensans") / "ttf" / name))
        self.set_margins(EDGE, EDGE)
        self.set_auto_page_break(auto=True, margin=18)
        self.known = frozenset(cast(TTFFont, self.fonts[FAMILY]).cmap)
        self.spelled = False
        self.made = _("Made on %(when)s UTC") % {"when": date_format(now.astimezone(dt.UTC), "j M Y, H:i")}
        self.set_title(self.legible(title))
        self.set_creation_date(now)
        self.add_page()
        self._write(title, size=17, strong=True, high=9)

    def footer(self) -> None:
        """When it was made, and which page of how many this is."""
        self.set_y(-12)
        self.set_font(FAMILY, "", 8)
        page = _("Page %(n)s of %(all)s") % {"n": self.page_no(), "all": "{nb}"}
        self.cell(WIDTH, 4, f"{self.legible(self.made)} · {self.legible(page)}", align="R")

    def heading(self, text: str) -> None:
        self.ln(3)
        self._write(text, size=12, strong=True, high=7)

    def note(self, text: str) -> None:
        self._write(text, size=8, high=4)

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Labels with what they say beside them."""
        for label, value in rows:
            self.set_font(FAMILY, "", 9)
            self.cell(45, HIGH, self.legible(label), new_x=XPos.RIGHT, new_y=YPos.TOP)
            self.multi_cell(WIDTH - 45, HIGH, self.legible(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def entry(self, text: str, amount: str, *, strong: bool = False, indent: int = 0) -> None:
        """Words of any length, and an amount at the right of their first line (written first: it finds room for both)."""
        self.set_font(FAMILY, "B" if strong else "", 9 if not indent else 8)
        self.set_x(EDGE + WIDTH - AMOUNT)
        self.cell(AMOUNT, HIGH, self.legible(amount), align="R", new_x=XPos.LMARGIN, new_y=YPos.TOP)
        self.set_x(EDGE + indent)
        self.multi_cell(
            WIDTH - AMOUNT - indent, HIGH, self.legible(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def finish(self) -> bytes:
        """The file; a sheet with letters that its font does not have says what became of them."""
        if self.spelled:
            self.ln(3)
            self.note(_(
                "Letters of alphabets other than Latin, Greek and Cyrillic stand here by their Unicode number; "
                "the page and the CSV of the same figures show them as they are."
            ))  # fmt: skip
        return bytes(self.output())

    def legible(self, text: str) -> str:
        """The text with every letter that the font lacks spelled by its number; lines and control characters as spaces."""
        out = []
        for letter in unicodedata.normalize("NFC", text):
            if ord(letter) in self.known:
                out.append(letter)
            elif unicodedata.category(letter) in ("Cc", "Zs", "Zl", "Zp"):
                out.append(" ")
            else:
                out.append(f"[U+{ord(letter):04X}]")
                self.spelled = True
        return "".join(out) or " "

    def _write(self, text: str, *, size: int, strong: bool = False, high: int = HIGH) -> None:
        self.set_font(FAMILY, "B" if strong else "", size)
        self.multi_cell(WIDTH, high, self.legible(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
