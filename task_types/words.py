"""Words of a transcript, in any script: what counts as one, and when two spellings are the same word. Pure; no Django."""

from __future__ import annotations

import unicodedata

UNSPACED = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"})


def split(text: str) -> tuple[list[str], str]:
    """The words of a text and what joins them again: characters and nothing in scripts without spaces."""
    letters = [sign for sign in text if sign.isalpha()]
    if 2 * sum(unicodedata.name(sign, "").split(" ")[0] in UNSPACED for sign in letters) > len(letters):
        return [sign for sign in text if not sign.isspace()], ""
    return text.split(), " "


def key(word: str) -> str:
    """What two spellings of a word have in common: no case, no punctuation around it."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return folded.strip("".join(sign for sign in folded if unicodedata.category(sign)[0] in "PS")) or folded
