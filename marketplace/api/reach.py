"""What a caller may reach: a client its own organisation's things, ops any; for everybody else there is no such thing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext as _
from rest_framework.request import Request

from kit.api import ApiView, Schema
from kit.errors import Invalid, NotFound
from marketplace.models import Batch, Project, Submission, Upload
from workers import access


class AudienceSchema(Schema):
    """Sorts the doors of the schema by who they are for."""

    def get_tags(self) -> list[str]:
        return [self.view.audience]  # type: ignore[attr-defined]


class MarketView(ApiView):
    """A door of the market."""

    schema = AudienceSchema()
    audience: ClassVar[str] = ""


class ClientView(MarketView):
    """Members of a client: viewers read, managers change."""

    permission_classes = [access.Client("viewer", write="manager")]
    audience = "client"

    def whose(self, request: Request) -> uuid.UUID | None:
        """The organisation whose things are meant; None is any."""
        return access.organisation_of(request).pk


class OpsView(MarketView):
    """People of ops: all read, pool managers change."""

    permission_classes = [access.Ops(write=("pool_manager",))]
    audience = "ops"

    def whose(self, request: Request) -> uuid.UUID | None:
        return None


class WorkerView(MarketView):
    """Workers."""

    permission_classes = [access.Worker]
    audience = "worker"


def project(whose: uuid.UUID | None, project_id: uuid.UUID) -> Project:
    """Raises NotFound."""
    rows = Project.objects.select_related("organisation").filter(pk=project_id)
    found = (rows.filter(organisation_id=whose) if whose else rows).first()
    if found is None:
        raise NotFound(_("There is no such project."))
    return found


def batch(whose: uuid.UUID | None, batch_id: uuid.UUID) -> Batch:
    """Raises NotFound."""
    rows = Batch.objects.select_related("project__organisation").filter(pk=batch_id)
    found = (rows.filter(project__organisation_id=whose) if whose else rows).first()
    if found is None:
        raise NotFound(_("There is no such batch."))
    return found


def upload(whose: uuid.UUID | None, upload_id: uuid.UUID) -> Upload:
    """Raises NotFound."""
    rows = Upload.objects.select_related("batch__project__organisation").filter(pk=upload_id)
    found = (rows.filter(batch__project__organisation_id=whose) if whose else rows).first()
    if found is None:
        raise NotFound(_("There is no such upload."))
    return found


def submission(whose: uuid.UUID | None, submission_id: uuid.UUID) -> Submission:
    """An answer that was handed in, gold aside; raises NotFound."""
    rows = Submission.objects.select_related("task", "batch__project").filter(pk=submission_id, kind="answer", gold=False)
    found = (rows.filter(batch__project__organisation_id=whose) if whose else rows).first()
    if found is None:
        raise NotFound(_("There is no such submission."))
    return found


def as_uuid(text: str, *, field: str) -> uuid.UUID:
    """An id out of a query; raises Invalid."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Invalid(_("Expected an identifier."), field=field) from None


def one_of(value: str, known: Sequence[str], *, field: str) -> str:
    """A word out of a query; raises Invalid."""
    if value not in known:
        raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(known)}, field=field)
    return value
