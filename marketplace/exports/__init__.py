"""What a client takes home: every task with its result, its answers and what it cost, streamed in any size."""

from marketplace.exports.formats import as_csv, as_jsonl, extra
from marketplace.exports.records import of_tasks, rows, sums_of_tasks

__all__ = ["as_csv", "as_jsonl", "extra", "of_tasks", "rows", "sums_of_tasks"]
