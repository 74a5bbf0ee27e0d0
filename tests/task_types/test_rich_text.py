"""Markdown of strangers never becomes more than text with a shape."""

from __future__ import annotations

import pytest

from task_types import rich_text


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "<a href='https://a' onclick='x()'>y</a>",
        "<style>body{display:none}</style>",
        '[x](https://a "onmouseover=alert(1)")',
        "<iframe src='https://a'></iframe>",
        "![x](https://tracker.example/pixel.png)",
    ],
)
def test_nothing_that_acts_or_loads_survives(markdown: str) -> None:
    html = rich_text.render(markdown)
    for word in ("<script", "<img", "<iframe", "<style", '<a href="javascript', '<a href="data', "<a onclick", " title="):
        assert word not in html


def test_links_open_elsewhere_and_tell_nothing() -> None:
    html = rich_text.render("[x](https://example.org)")
    assert 'href="https://example.org"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_lists_tables_code_and_line_breaks_keep_their_shape() -> None:
    html = rich_text.render("a\nb\n\n- c\n\n| d | e |\n|---|---|\n| f | g |\n\n```\n<h>\n```\n~~s~~")
    for part in ("a<br>", "<li>c</li>", "<td>f</td>", "&lt;h&gt;", "<s>s</s>"):
        assert part in html
