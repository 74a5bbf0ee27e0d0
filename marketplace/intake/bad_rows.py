"""The rows that could not become tasks, as a file to download, mend and upload again."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from marketplace.intake import sheets
from marketplace.models import BadRow, Upload

CHUNK = 2_000


def bad_rows_csv(upload: Upload) -> Iterator[bytes]:
    """line, field, reason, row: as CSV with a byte order mark, in the order of the file."""
    return sheets.csv_pieces(_rows(upload), bom=True)


def _rows(upload: Upload) -> Iterator[list[str]]:
    yield [_("line"), _("column"), _("reason"), _("row")]
    after, listed = (0, 0), 0
    while True:
        rows = BadRow.objects.filter(upload=upload, line__gte=after[0]).order_by("line", "id")
        chunk = [row for row in rows[: CHUNK + 1] if (row.line, row.pk) > after]
        for row in chunk:
            yield [str(row.line), row.field, row.reason, row.raw]
        listed += len(chunk)
        if not chunk:
            break
        after = (chunk[-1].line, chunk[-1].pk)
    if (more := upload.rows_bad - listed) > 0:
        yield ["", "", _("%(more)d more rows are bad and not listed here.") % {"more": more}, ""]
