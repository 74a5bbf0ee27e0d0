"""Ops' pools in the API: made, counted, filled with a dry run first, undone; projects limited to them; words to their people."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from kit.errors import Conflict, NotFound
from marketplace import announcements, bulk, message_templates, pool_files, pools, projects, rules
from marketplace.api import reach
from marketplace.api.reach import OpsView
from marketplace.models import Announcement, BulkAction, Pool, Project
from workers import access


class PoolSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    about = serializers.CharField()
    rule = serializers.JSONField(allow_null=True, help_text="null where people are named one by one")
    created_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


class NewPoolSerializer(Body):
    name = serializers.CharField(max_length=80)
    about = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    rule = serializers.JSONField(required=False, allow_null=True, default=None)


class PoolRuleSerializer(Body):
    rule = serializers.JSONField()


class PoolCountSerializer(serializers.Serializer[Any]):
    workers = serializers.IntegerField()
    rule = serializers.JSONField(help_text="The rule as it would be kept")


class PoolPeopleSerializer(Body):
    kind = serializers.ChoiceField([BulkAction.ADD, BulkAction.REMOVE])
    people = serializers.ListField(child=serializers.CharField(max_length=254), max_length=pools.MOST_AT_ONCE, help_text="Addresses or ids")
    dry_run = serializers.BooleanField(required=False, default=False)


class BadLineSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    text = serializers.CharField()
    why = serializers.CharField()


class TogetherSerializer(Body):
    """What is done to everybody in a pool: `reason` for a pause, `skill` and `tier` for a grant."""

    kind = serializers.ChoiceField([BulkAction.PAUSE, BulkAction.GRANT])
    reason = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    skill = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    tier = serializers.IntegerField(min_value=0, max_value=3, required=False, default=0)
    days = serializers.IntegerField(min_value=1, max_value=3_660)
    dry_run = serializers.BooleanField(required=False, default=True)


class BulkSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    bad = BadLineSerializer(many=True)
    action = serializers.UUIDField(allow_null=True, help_text="To take it back; null for a dry run")


class LimitSerializer(Body):
    project = serializers.UUIDField()
    limited = serializers.BooleanField(help_text="false opens the project again")


class AnnouncementSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    pool = serializers.UUIDField(source="pool_id", allow_null=True)
    title = serializers.CharField()
    text = serializers.CharField()
    version = serializers.UUIDField(source="version_id", allow_null=True, help_text="Of the template that it was made of")
    at = serializers.DateTimeField()
    told = serializers.IntegerField()
    spared = serializers.IntegerField()
    done_at = serializers.DateTimeField(allow_null=True)


class NewAnnouncementSerializer(Body):
    pool = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="null: everybody who works here")
    template = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Instead of title and text")
    title = serializers.CharField(max_length=announcements.LONGEST_TITLE, required=False, default="", allow_blank=True)
    text = serializers.CharField(max_length=announcements.LONGEST_TEXT, required=False, default="", allow_blank=True)


def _shown(pool: Pool) -> dict[str, Any]:
    return dict(PoolSerializer(pool).data)


class Pools(OpsView):
    """Pools in use, and making one."""

    @extend_schema(parameters=PAGING, responses=paged(PoolSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Pool.objects.filter(archived_at__isnull=True)
        return listing(request, rows, order="created_at", show=lambda found: PoolSerializer(found, many=True).data)

    @extend_schema(request=NewPoolSerializer, responses={201: PoolSerializer})
    def post(self, request: Request) -> HttpResponse:
        given, who = NewPoolSerializer.read(request), access.user_of(request).pk
        return change(request, lambda: reply(_shown(pools.create(actor_id=who, now=timezone.now(), **given)), 201))


class OnePool(OpsView):
    """One pool with how many people are in it now; another rule; or put away."""

    @extend_schema(responses=PoolSerializer)
    def get(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        pool = pools.find(pool_id)
        return reply(_shown(pool) | {"people": pools.people(pool).count()})

    @extend_schema(request=PoolRuleSerializer, responses=PoolSerializer)
    def patch(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        given, who, pool = PoolRuleSerializer.read(request), access.user_of(request).pk, pools.find(pool_id)

        def work() -> HttpResponse:
            pools.change_rule(pool=pool, rule=given["rule"], actor_id=who, now=timezone.now())
            return reply(_shown(pool))

        return change(request, work)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        who, pool = access.user_of(request).pk, pools.find(pool_id)

        def work() -> HttpResponse:
            pools.archive(pool=pool, actor_id=who, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class PoolCount(OpsView):
    """How many people a pool's rule would select right now; conditions on content are allowed here."""

    @extend_schema(request=PoolRuleSerializer, responses=PoolCountSerializer)
    def post(self, request: Request) -> HttpResponse:
        rule = rules.check(PoolRuleSerializer.read(request)["rule"], field="rule", ours=True)
        return change(request, lambda: reply({"workers": pools.count(rule), "rule": rule}))


class PoolPeople(OpsView):
    """Add people to a pool or take them out; with `dry_run` only what would happen."""

    @extend_schema(request=PoolPeopleSerializer, responses=BulkSerializer)
    def post(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        given, who, pool = PoolPeopleSerializer.read(request), access.user_of(request).pk, pools.find(pool_id)
        named = pool_files.read("\n".join(f'"{one.replace(chr(34), "")}"' for one in given["people"]))
        bad = BadLineSerializer(named.bad, many=True).data
        preview = pools.preview(kind=given["kind"], pool=pool, worker_ids=named.people)
        sums = {"changed": preview.changed, "unchanged": preview.unchanged, "bad": bad}
        if given["dry_run"]:
            return reply(sums | {"action": None})

        def work() -> HttpResponse:
            done = pools.apply(kind=given["kind"], pool=pool, worker_ids=named.people, actor_id=who, now=timezone.now())
            return reply(sums | {"changed": len(done.changed), "action": str(done.pk)})

        return change(request, work)


class PoolTogether(OpsView):
    """Pause everybody in a pool, or give them all a skill; with `dry_run` only how many it would change."""

    @extend_schema(request=TogetherSerializer, responses=BulkSerializer)
    def post(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        given, who, pool = TogetherSerializer.read(request), access.user_of(request).pk, pools.find(pool_id)
        asked = {"skill": given["skill"], "tier": given["tier"]} if given["kind"] == BulkAction.GRANT else {}
        seen = bulk.preview(kind=given["kind"], pool=pool, by_id=who, **asked)
        sums = {"changed": seen.changed, "unchanged": seen.unchanged, "bad": []}
        if given["dry_run"]:
            return reply(sums | {"action": None})

        def work() -> HttpResponse:
            now, days = timezone.now(), given["days"]
            if asked:
                done = bulk.give(pool=pool, days=days, by_id=who, now=now, **asked)
            else:
                done = bulk.pause(pool=pool, reason=given["reason"], days=days, by_id=who, now=now)
            return reply(sums | {"changed": len(done.changed), "action": str(done.pk)})

        return change(request, work)


class UndoBulk(OpsView):
    """Take a bulk action back for those whom it changed."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, action_id: uuid.UUID) -> HttpResponse:
        action, who = BulkAction.objects.select_related("pool").filter(pk=action_id).first(), access.user_of(request).pk
        if action is None:
            raise NotFound(_("There is no such action."))

        def work() -> HttpResponse:
            bulk.undo(action=action, by_id=who, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class PoolLimit(OpsView):
    """Limit a project to a pool, or open it again."""

    @extend_schema(request=LimitSerializer, responses={204: None})
    def post(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        given, who, pool = LimitSerializer.read(request), access.user_of(request).pk, pools.find(pool_id)
        project: Project = reach.project(None, given["project"])
        if not given["limited"] and project.pool_id != pool.pk:
            raise Conflict(_("This project is not limited to this pool."))

        def work() -> HttpResponse:
            projects.limit_to_pool(project=project, pool=pool if given["limited"] else None, actor_id=who, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class Announcements(OpsView):
    """What was sent to many, the latest first, and sending more."""

    @extend_schema(parameters=PAGING, responses=paged(AnnouncementSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Announcement.objects.all()
        return listing(request, rows, order="-at", show=lambda found: AnnouncementSerializer(found, many=True).data)

    @extend_schema(request=NewAnnouncementSerializer, responses={201: AnnouncementSerializer})
    def post(self, request: Request) -> HttpResponse:
        given, who = NewAnnouncementSerializer.read(request), access.user_of(request).pk
        pool = pools.find(given["pool"]) if given["pool"] else None

        template = message_templates.find(given["template"]) if given["template"] else None

        def work() -> HttpResponse:
            now = timezone.now()
            if template is not None:
                made = announcements.announce_template(pool=pool, template=template, by_id=who, now=now)
            else:
                made = announcements.announce(pool=pool, title=given["title"], text=given["text"], by_id=who, now=now)
            return reply(dict(AnnouncementSerializer(made).data), 201)

        return change(request, work)
