"""The forms of people and organisations: they check shapes and hand over; the rules live in the stages."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import SignupForm as AccountSignupForm
from allauth.core import context
from django import forms
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kit.money import PAYABLE_STEP
from workers import agreements, invitations_session, organisations, people
from workers.models import Agreement, Membership, OpsRole, User
