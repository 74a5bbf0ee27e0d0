"""Gives an ops role to an account: how an installation gets its first admin."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from workers import people
from workers.models import OpsRole, User


class Command(BaseCommand):
    help = "Give an ops role to the account with this e-mail address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("role", choices=[role for role, _label in OpsRole.ROLES], nargs="?", default=OpsRole.ADMIN)

    def handle(self, *args: Any, email: str, role: str, **options: Any) -> None:
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"Nobody has an account with the address {email}. Sign up first.")
        with transaction.atomic(durable=True):
            people.give_role(user_id=user.pk, role=role, by_id=None, now=timezone.now())
        self.stdout.write(f"{user.email} has the role {role}.")
