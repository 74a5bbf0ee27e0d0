"""Account links: the single-use address of the hosted onboarding, and what happens when the person comes back."""

from stripe_double import accounts, events
from stripe_double.clock import iso
from stripe_double.errors import Failure
from stripe_double.listing import Call
from stripe_double.store import Books, Thing, new_id

LIVES_SECONDS = 300


def create(call: Call) -> Thing:
    books, params = call.books, call.params
    account = accounts.need(books, params["account"])
    kind = params["use_case"]["type"]
    details = params["use_case"].get(kind)
    if details is None:
        raise Failure(f"Missing required param: use_case.{kind}.", code="parameter_missing", param=f"use_case.{kind}")
    token = new_id("onboarding")
    link: Thing = {
        "object": "v2.core.account_link", "account": account["id"], "created": iso(books.now), "livemode": False,
        "expires_at": iso(books.now + LIVES_SECONDS), "url": f"{books.settings.public_url}/onboarding/{token}",
        "use_case": {"type": kind, kind: details},
    }  # fmt: skip
    return books.add(link, ident=token, opened=False, ends=books.now + LIVES_SECONDS)


def details_of(link: Thing) -> Thing:
    return dict(link["use_case"][link["use_case"]["type"]])


def open_once(books: Books, token: str) -> Thing | None:
    """The link on its first visit in time; after that None: the visitor is sent to `refresh_url`."""
    notes = books.notes(token)
    if notes["opened"] or books.now >= notes["ends"]:
        return None
    books.note(token, opened=True)
    return books.find(token)


def come_back(books: Books, token: str, *, complete: bool) -> str:
    """Leave the hosted page, with everything given or not; gives the address to go to."""
    link = books.need("v2.core.account_link", token)
    if complete:
        accounts.onboard(books, link["account"])
    events.emit_thin(
        books, "v2.core.account_link.returned",
        data={"account_id": link["account"], "configurations": ["recipient"], "use_case": link["use_case"]["type"]},
    )  # fmt: skip
    return str(details_of(link).get("return_url") or details_of(link)["refresh_url"])
