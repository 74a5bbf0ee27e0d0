"""The data island: everything that the browser needs to show one task, for workspace, preview, review and exam."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import get_language

from task_types.contract import Json, TaskType


def island(
    drawer: TaskType,
    *,
    settings: Json,
    payload: Json,
    answer: Json | None = None,
    seed: str = "",
    read_only: bool = False,
    image_url: Callable[[str], str] = str,
) -> Json:
    """What goes into `<script type="application/json" id="task-data">` (Django's `json_script`).

    The shape is written down at the top of frontend/workspace/workspace.mjs. `answer` is a draft, a pre-label or,
    read-only, what was handed in; `seed` is the lease's id, also when the answer is shown again.
    """
    shown = drawer.form_data(payload, settings=settings, answer=answer, seed=seed, image_url=image_url)
    return {
        "drawer": drawer.slug,
        "form": drawer.form(settings),
        "payload": shown["payload"],
        "data": shown["data"],
        "readOnly": read_only,
        "locale": get_language() or "en",
    }
