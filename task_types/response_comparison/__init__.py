"""Response comparison: read a prompt and what several models made of it, rate, prefer or rank, and say why."""
