"""Courses of projects: what is taught beside the guideline, who takes them, and what they tried in practice."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models

from kit.ids import uuid7
from marketplace.models.projects import Project
from marketplace.models.work import GoldAnswer


class Course(models.Model):
    """What a project teaches before the work: the sections of its guideline, and practice tasks after them.

    Its version is the number of the guideline in force. `left_out` names sections, by title, that the course does not show.
    """

    project = models.OneToOneField(Project, on_delete=models.PROTECT, primary_key=True, related_name="course")
    open = models.BooleanField(default=False)
    about = models.CharField(max_length=600, blank=True, default="")
    left_out = models.JSONField(default=list)
    made_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()


class PracticeTask(models.Model):
    """A known answer that a course shows at once, with its reason; it is mixed in among real tasks no more (`GoldAnswer.taught`).

    `section` is the title of the section that it follows; without one, or when that is gone, it comes at the end.
    """

    gold = models.OneToOneField(GoldAnswer, on_delete=models.PROTECT, primary_key=True, related_name="practice")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="practice")
    section = models.CharField(max_length=200, blank=True, default="")
    reason = models.TextField(max_length=2000)
    added_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)


class CourseProgress(models.Model):
    """One worker on one version of a course: the steps, frozen at the beginning, and those that are done.

    `steps` lists {"kind": "section", "at": place in the guideline} and {"kind": "practice", "task": id}; `done` their places,
    from 0. `since` is the version that was passed before: then the steps are what has changed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="progress", db_index=False)
    worker = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField()
    since = models.PositiveIntegerField(null=True)
    steps = models.JSONField()
    done = models.JSONField(default=list)
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    passed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["worker", "course", "version"], name="one_progress_per_worker_and_version"),
        ]
        indexes = [models.Index(fields=["course", "version"], name="progress_by_version")]


class PracticeTry(models.Model):
    """An answer in practice: shown right or wrong at once; it never touches pay or score."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    progress = models.ForeignKey(CourseProgress, on_delete=models.CASCADE, related_name="tries", db_index=False)
    practice = models.ForeignKey(PracticeTask, on_delete=models.PROTECT, related_name="tries")
    n = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    right = models.BooleanField()
    tried_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["progress", "practice", "n"], name="one_practice_try_per_number")]
