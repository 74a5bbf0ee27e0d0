"""Telling clients' own programs what happened: signed messages, tried again for three days, with a log of every try."""
