"""The languages a person may name, by ISO 639-1 code, and the levels in which they know them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kit.errors import Invalid, Text

LEVELS: tuple[str, ...] = ("A1", "A2", "B1", "B2", "C1", "C2", "native")
"""Levels of the Common European Framework, and native above them; a fact counts them from 1."""

LEVEL_NAMES: dict[str, Text] = {
    "A1": _("A1: a few phrases"),
    "A2": _("A2: everyday matters"),
    "B1": _("B1: familiar topics"),
    "B2": _("B2: fluent in most situations"),
    "C1": _("C1: demanding texts"),
    "C2": _("C2: like a native speaker"),
    "native": _("Native"),
}

MOST = 20
"""Languages that one person may name."""


def check(value: Any) -> list[dict[str, str]]:
    """Languages as they are kept: known codes, each once, each with a level. Raises Invalid(field="languages")."""
    if not isinstance(value, list) or len(value) > MOST:
        raise Invalid(_("Expected a list of at most 20 languages."), field="languages")
    checked: dict[str, str] = {}
    for row in value:
        code = row.get("code") if isinstance(row, dict) else None
        level = row.get("level") if isinstance(row, dict) else None
        if not isinstance(code, str) or code not in LANGUAGES:
            raise Invalid(_("Expected a language by its ISO 639-1 code, such as en."), field="languages")
        if level not in LEVELS:
            raise Invalid(_("Expected a level for each language: A1 to C2, or native."), field="languages", expected=LEVELS)
        if code in checked:
            raise Invalid(_("A language is named twice."), field="languages")
        checked[code] = str(level)
    return [{"code": code, "level": level} for code, level in checked.items()]


def describe(languages: list[dict[str, str]]) -> list[dict[str, Text]]:
    """Languages for a page: name and level in words."""
    return [
        {"name": LANGUAGES.get(row["code"], row["code"]), "level": LEVEL_NAMES.get(row["level"], row["level"])}
        for row in languages
    ]


LANGUAGES: dict[str, Text] = {
    "aa": _("Afar"),
    "ab": _("Abkhazian"),
    "af": _("Afrikaans"),
    "ak": _("Akan"),
    "am": _("Amharic"),
    "an": _("Aragonese"),
    "ar": _("Arabic"),
    "as": _("Assamese"),
    "av": _("Avaric"),
    "ay": _("Aymara"),
    "az": _("Azerbaijani"),
    "ba": _("Bashkir"),
    "be": _("Belarusian"),
    "bg": _("Bulgarian"),
    "bi": _("Bislama"),
    "bm": _("Bambara"),
    "bn": _("Bengali"),
    "bo": _("Tibetan"),
    "br": _("Breton"),
    "bs": _("Bosnian"),
    "ca": _("Catalan"),
    "ce": _("Chechen"),
    "ch": _("Chamorro"),
    "co": _("Corsican"),
    "cr": _("Cree"),
    "cs": _("Czech"),
    "cv": _("Chuvash"),
    "cy": _("Welsh"),
    "da": _("Danish"),
    "de": _("German"),
    "dv": _("Dhivehi"),
    "dz": _("Dzongkha"),
    "ee": _("Ewe"),
    "el": _("Greek"),
    "en": _("English"),
    "eo": _("Esperanto"),
    "es": _("Spanish"),
    "et": _("Estonian"),
    "eu": _("Basque"),
    "fa": _("Persian"),
    "ff": _("Fulah"),
    "fi": _("Finnish"),
    "fj": _("Fijian"),
    "fo": _("Faroese"),
    "fr": _("French"),
    "fy": _("Western Frisian"),
    "ga": _("Irish"),
    "gd": _("Scottish Gaelic"),
    "gl": _("Galician"),
    "gn": _("Guarani"),
    "gu": _("Gujarati"),
    "gv": _("Manx"),
    "ha": _("Hausa"),
    "he": _("Hebrew"),
    "hi": _("Hindi"),
    "hr": _("Croatian"),
    "ht": _("Haitian Creole"),
    "hu": _("Hungarian"),
    "hy": _("Armenian"),
    "hz": _("Herero"),
    "id": _("Indonesian"),
    "ig": _("Igbo"),
    "is": _("Icelandic"),
    "it": _("Italian"),
    "iu": _("Inuktitut"),
    "ja": _("Japanese"),
    "jv": _("Javanese"),
    "ka": _("Georgian"),
    "kg": _("Kongo"),
    "ki": _("Kikuyu"),
    "kk": _("Kazakh"),
    "kl": _("Greenlandic"),
    "km": _("Khmer"),
    "kn": _("Kannada"),
    "ko": _("Korean"),
    "ks": _("Kashmiri"),
    "ku": _("Kurdish"),
    "kv": _("Komi"),
    "kw": _("Cornish"),
    "ky": _("Kyrgyz"),
    "la": _("Latin"),
    "lb": _("Luxembourgish"),
    "lg": _("Ganda"),
    "li": _("Limburgish"),
    "ln": _("Lingala"),
    "lo": _("Lao"),
    "lt": _("Lithuanian"),
    "lu": _("Luba-Katanga"),
    "lv": _("Latvian"),
    "mg": _("Malagasy"),
    "mh": _("Marshallese"),
    "mi": _("Maori"),
    "mk": _("Macedonian"),
    "ml": _("Malayalam"),
    "mn": _("Mongolian"),
    "mr": _("Marathi"),
    "ms": _("Malay"),
    "mt": _("Maltese"),
    "my": _("Burmese"),
    "nb": _("Norwegian Bokmål"),
    "nd": _("North Ndebele"),
    "ne": _("Nepali"),
    "nl": _("Dutch"),
    "nn": _("Norwegian Nynorsk"),
    "nr": _("South Ndebele"),
    "nv": _("Navajo"),
    "ny": _("Chichewa"),
    "oc": _("Occitan"),
    "om": _("Oromo"),
    "or": _("Odia"),
    "os": _("Ossetian"),
    "pa": _("Punjabi"),
    "pl": _("Polish"),
    "ps": _("Pashto"),
    "pt": _("Portuguese"),
    "qu": _("Quechua"),
    "rm": _("Romansh"),
    "rn": _("Rundi"),
    "ro": _("Romanian"),
    "ru": _("Russian"),
    "rw": _("Kinyarwanda"),
    "sa": _("Sanskrit"),
    "sc": _("Sardinian"),
    "sd": _("Sindhi"),
    "se": _("Northern Sami"),
    "sg": _("Sango"),
    "si": _("Sinhala"),
    "sk": _("Slovak"),
    "sl": _("Slovenian"),
    "sm": _("Samoan"),
    "sn": _("Shona"),
    "so": _("Somali"),
    "sq": _("Albanian"),
    "sr": _("Serbian"),
    "ss": _("Swati"),
    "st": _("Southern Sotho"),
    "su": _("Sundanese"),
    "sv": _("Swedish"),
    "sw": _("Swahili"),
    "ta": _("Tamil"),
    "te": _("Telugu"),
    "tg": _("Tajik"),
    "th": _("Thai"),
    "ti": _("Tigrinya"),
    "tk": _("Turkmen"),
    "tl": _("Tagalog"),
    "tn": _("Tswana"),
    "to": _("Tongan"),
    "tr": _("Turkish"),
    "ts": _("Tsonga"),
    "tt": _("Tatar"),
    "ty": _("Tahitian"),
    "ug": _("Uyghur"),
    "uk": _("Ukrainian"),
    "ur": _("Urdu"),
    "uz": _("Uzbek"),
    "ve": _("Venda"),
    "vi": _("Vietnamese"),
    "wa": _("Walloon"),
    "wo": _("Wolof"),
    "xh": _("Xhosa"),
    "yi": _("Yiddish"),
    "yo": _("Yoruba"),
    "za": _("Zhuang"),
    "zh": _("Chinese"),
    "zu": _("Zulu"),
}
"""Codes of ISO 639-1 with their English names."""
