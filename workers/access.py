"""Who may open which door: nobody, unless the view says so. The same words guard pages (decorators) and the API (permissions).

Every guarded view carries `.access`, which the middleware demands and from which the matrix of all routes is generated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ClassVar, Literal, TypeVar, cast

from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from kit.errors import Invalid, NotFound, Refused
from workers import queries, tokens
from workers.api_auth import Claims
from workers.models import Membership, OpsRole, Organisation, User, WorkerProfile
from workers.organisations import RANK
from workers.second_factor import NeedsSecondFactor, lacks_second_factor

Audience = Literal["public", "signed_in", "worker", "client", "agency", "ops", "nobody"]
View = TypeVar("View", bound=Callable[..., HttpResponseBase])
Check = Callable[[HttpRequest, dict[str, Any]], HttpResponse | None]

CLIENTS, AGENCIES = (Organisation.CLIENT,), (Organisation.AGENCY,)
LIBRARIES = ("allauth.", "drf_spectacular.", "django.contrib.staticfiles.", "django.views.static", "django.views.i18n")
"""Views that these libraries bring look after their own access."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may pass: an audience, the roles in it (client, agency: the least one; ops: any of them, none for all), and, when it
    differs, the least role for changing something. `both`: a client's door that agencies use as well."""

    audience: Audience
    roles: tuple[str, ...] = ()
    write_roles: tuple[str, ...] = ()
    both: bool = False


class PersonRequest(HttpRequest):
    """A request that passed `signed_in` or stricter."""

    user: User


class WorkerRequest(PersonRequest):
    """A request that passed `worker`."""

    worker: WorkerProfile


class ClientRequest(PersonRequest):
    """A request that passed `client`."""

    organisation: Organisation
    membership: Membership


# --- pages -----------------------------------------------------------------------------------------------------------


def public(view: View) -> View:
    """Everybody, signed in or not."""
    return _mark(view, Access("public"))


def signed_in(view: View) -> View:
    """Everybody with an account."""
    return _guard(view, Access("signed_in"), lambda request, kwargs: None)


def worker(view: View) -> View:
    """People with a worker's profile; `request.worker`. People of ops do no paid work."""
    return _guard(view, Access("worker"), _check_worker)


def client(role: str, *, agencies: bool = False) -> Callable[[View], View]:
    """Members of the organisation whose slug is the URL's `org`, from this role up; sets `request.organisation` and
    `request.membership`. For strangers there is no such page, nor for an agency unless `agencies`."""
    least, kinds, given = _known_role(role), CLIENTS + AGENCIES if agencies else CLIENTS, Access("client", (role,), both=agencies)
    return lambda view: _guard(view, given, lambda request, kwargs: _check_client(request, kwargs, least, kinds))


def agency(role: str) -> Callable[[View], View]:
    """The same for members of an agency; for everybody else there is no such page."""
    least = _known_role(role)
    return lambda view: _guard(view, Access("agency", (least,)), lambda request, kwargs: _check_client(request, kwargs, least, AGENCIES))


def ops(*roles: str) -> Callable[[View], View]:
    """People of ops with any of these roles, or admin; without names, any ops role."""
    known = _known_ops_roles(roles)
    return lambda view: _guard(view, Access("ops", known), lambda request, kwargs: _check_ops(request, known))


def reauthenticated(view: View) -> View:
    """Changing something here needs the password or passkey again; what was sent is kept and goes through afterwards."""
    return cast(View, wraps(view)(reauthentication_required(allow_get=True)(view)))


def reauthenticated_first(view: View) -> View:
    """For secrets: the page opens only after the password or passkey, and what is sent too late is dropped rather than kept."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            reauthentication_required(lambda _request: None)(request)
        except ReauthenticationRequired:
            if request.method == "POST":
                return HttpResponseRedirect(request.get_full_path())
            raise
        return view(request, *args, **kwargs)

    return cast(View, guarded)


def reauthenticated_at(request: HttpRequest) -> datetime | None:
    """When this session last proved again who it is; None if it never did."""
    fresh = [record["at"] for record in get_authentication_records(request, request.user) if record.get("reauthenticated")]
    return datetime.fromtimestamp(fresh[-1], tz=UTC) if fresh else None


def _mark(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view


def _guard(view: View, access: Access, check: Check) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return check(request, kwargs) or view(request, *args, **kwargs)

    return cast(View, _mark(guarded, access))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; a fragment asked for by htmx takes the whole page there."""
    if getattr(request, "htmx", False):
        return HttpResponse(status=401, headers={"HX-Redirect": reverse(settings.LOGIN_URL)})
    return redirect_to_login(request.get_full_path())


def _check_worker(request: HttpRequest, kwargs: dict[str, Any]) -> None:
    user = user_of(request)
    profile = WorkerProfile.objects.filter(pk=user.pk).first()
    if profile is None or queries.ops_roles(user.pk):
        raise Refused(_("This page is for people who do tasks."))
    profile.user = user
    request.worker = profile  # type: ignore[attr-defined]


def _check_client(request: HttpRequest, kwargs: dict[str, Any], least: str, kinds: tuple[str, ...]) -> None:
    membership = _membership(user_of(request).pk, slug=kwargs["org"])
    if membership is None or membership.organisation.kind not in kinds:
        raise Http404
    if RANK[membership.role] < RANK[least]:
        raise Refused(_("Your role in this organisation does not allow this."))
    request.membership = membership  # type: ignore[attr-defined]
    request.organisation = membership.organisation  # type: ignore[attr-defined]


def _check_ops(request: HttpRequest, roles: tuple[str, ...]) -> HttpResponse | None:
    held = queries.ops_roles(user_of(request).pk)
    if not _holds(held, roles):
        raise Refused(_("This page is for ops staff with another role."))
    request.ops_roles = held  # type: ignore[attr-defined]
    if lacks_second_factor(request.user):
        messages.warning(request, _("People of ops and finance need a second factor. Add a passkey or an authenticator app here."))
        return HttpResponseRedirect(reverse("mfa_index"))
    return None


# --- the API ---------------------------------------------------------------------------------------------------------


class NobodyByDefault(BasePermission):
    """What an API view gets that does not say who may come in."""

    access: ClassVar[Access] = Access("nobody")

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class Public(BasePermission):
    """Everybody, signed in or not."""

    access: ClassVar[Access] = Access("public")

    def has_permission(self, request: Request, view: Any) -> bool:
        return True


class _SignedIn(BasePermission):
    """Base of the others: signed in, a token with the right scope, and what `check` says."""

    access: ClassVar[Access] = Access("signed_in")
    scope: ClassVar[str] = ""
    write_scope: ClassVar[str] = ""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        self.check_scope(request)
        return self.check(request, view)

    def check(self, request: Request, view: Any) -> bool:
        return True

    def check_scope(self, request: Request) -> None:
        """A token needs the scope for what it asks; write rights include reading."""
        if not self.scope or not isinstance(request.auth, Claims):
            return
        enough = {self.write_scope or self.scope}
        if request.method in SAFE_METHODS:
            enough.add(self.scope)
        if not enough & request.auth.scopes:
            raise Refused(_("This token lacks the scope %(scope)s.") % {"scope": " / ".join(sorted(enough))})


class _Worker(_SignedIn):
    access = Access("worker")
    scope = tokens.WORK

    def check(self, request: Request, view: Any) -> bool:
        rights = _rights(request)
        return rights.is_worker and not rights.ops_roles


class _Client(_SignedIn):
    scope = tokens.CLIENT_READ
    write_scope = tokens.CLIENT_WRITE
    kinds: ClassVar[tuple[str, ...]] = CLIENTS

    def check(self, request: Request, view: Any) -> bool:
        least = self.access.roles[0]
        if request.method not in SAFE_METHODS and self.access.write_roles:
            least = self.access.write_roles[0]
        membership = _membership_of_request(request, view.kwargs.get("org"), self.kinds)
        request.membership = membership  # type: ignore[attr-defined]
        request.organisation = membership.organisation  # type: ignore[attr-defined]
        return RANK[membership.role] >= RANK[least]


class _Ops(_SignedIn):
    scope = tokens.OPS

    def check(self, request: Request, view: Any) -> bool:
        roles = self.access.roles
        if request.method not in SAFE_METHODS and self.access.write_roles:
            roles = self.access.write_roles
        if not _holds(_rights(request).ops_roles, roles):
            return False
        if not isinstance(request.auth, Claims) and lacks_second_factor(request.user):
            raise NeedsSecondFactor(_("Add a passkey or an authenticator app to your account first."))
        return True


SignedIn = _SignedIn
"""Everybody with an account or a token."""

Worker = _Worker
"""Workers, by session or by a token with the scope work."""


def WorkerWith(scope: str) -> type[BasePermission]:  # noqa: N802 - reads as a class where it is used
    """Workers, by session or by a token with another scope than work."""
    return type("WorkerWith", (_Worker,), {"scope": scope})


def Client(role: str, *, write: str | None = None, agencies: bool = False) -> type[BasePermission]:  # noqa: N802
    """Members of the organisation from `role` up; `write` is the least role for anything but reading.

    The organisation is the URL's `org`, else the token's, else the person's only one. Strangers get 404, as do agencies unless `agencies`.
    """
    access = Access("client", (_known_role(role),), (_known_role(write),) if write else (), both=agencies)
    return type("Client", (_Client,), {"access": access, "kinds": CLIENTS + AGENCIES if agencies else CLIENTS})


def AgencyMember(role: str, *, write: str | None = None) -> type[BasePermission]:  # noqa: N802
    """The same for members of an agency, which the URL's `org` names."""
    access = Access("agency", (_known_role(role),), (_known_role(write),) if write else ())
    return type("AgencyMember", (_Client,), {"access": access, "kinds": AGENCIES})


def Ops(*roles: str, write: tuple[str, ...] = (), scope: str = tokens.OPS) -> type[BasePermission]:  # noqa: N802
    """People of ops with any of the roles, or admin; without names any of ops. `write` limits anything but reading."""
    access = Access("ops", _known_ops_roles(roles), _known_ops_roles(write))
    return type("Ops", (_Ops,), {"access": access, "scope": scope})


def user_of(request: Request | HttpRequest) -> User:
    """The person behind a request that passed any guard but `public`."""
    return cast(User, request.user)


def organisation_of(request: Request) -> Organisation:
    """The organisation of an API request that passed `Client`."""
    return cast(ClientRequest, request).organisation


def membership_of(request: Request) -> Membership:
    """The membership of an API request that passed `Client`."""
    return cast(ClientRequest, request).membership


def _rights(request: Request) -> queries.Rights:
    if isinstance(request.auth, Claims):
        return queries.Rights(is_worker=request.auth.is_worker, ops_roles=request.auth.ops_roles)
    return queries.rights(user_of(request).pk)


def _membership_of_request(request: Request, slug: str | None, kinds: tuple[str, ...]) -> Membership:
    """Raises NotFound for strangers, and Invalid when nothing says which of several organisations is meant."""
    own = request.auth.organisation_id if isinstance(request.auth, Claims) else None
    if slug or own:
        membership = _membership(user_of(request).pk, slug=slug, organisation_id=own)
        if membership is None or membership.organisation.kind not in kinds:
            raise NotFound(_("There is no such organisation."))
        return membership
    rows = Membership.objects.select_related("organisation").filter(user_id=user_of(request).pk)
    found = list(rows.filter(organisation__kind__in=kinds)[:2])
    if not found:
        raise NotFound(_("There is no such organisation."))
    if len(found) > 1:
        raise Invalid(_("You belong to several organisations: use a token of the one that you mean."), field="organisation")
    return found[0]


# --- both ------------------------------------------------------------------------------------------------------------


def access_of(view: Any) -> Access | None:
    """The access that a view states, wrapped or not, page or API; None when it states none."""
    if (own := getattr(view, "access", None)) is not None:
        return cast(Access, own)
    given: Any = getattr(view, "initkwargs", {}).get("permission_classes")
    for permission in given or getattr(getattr(view, "cls", None), "permission_classes", ()):
        if (stated := getattr(permission, "access", None)) is not None:
            return cast(Access, stated)
    return None


class DenyByDefault:
    """A view that does not say who may open it is opened by nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if access_of(view) is None and not is_of_a_library(view):
            raise PermissionDenied


def is_of_a_library(view: Any) -> bool:
    home = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    return str(getattr(home, "__module__", "")).startswith(LIBRARIES)


def _membership(user_id: Any, *, slug: str | None = None, organisation_id: Any = None) -> Membership | None:
    rows = Membership.objects.select_related("organisation", "user").filter(user_id=user_id)
    if slug:
        rows = rows.filter(organisation__slug=slug)
    return (rows.filter(organisation_id=organisation_id) if organisation_id else rows).first()


def _holds(held: frozenset[str], roles: tuple[str, ...]) -> bool:
    return bool(held & {*roles, OpsRole.ADMIN}) if roles else bool(held)


def _known_role(role: str) -> str:
    if role not in RANK:
        raise ValueError(f"{role} is no role in an organisation")
    return role


def _known_ops_roles(roles: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := set(roles) - set(dict(OpsRole.ROLES)):
        raise ValueError(f"{sorted(unknown)} are no ops roles")
    return roles
