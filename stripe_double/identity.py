"""Identity checks: a session, its hosted page, and the outcome."""

from stripe_double import events
from stripe_double.errors import refused
from stripe_double.listing import Call, page
from stripe_double.store import Books, Thing, blank, new_id

DONE = ("verified", "canceled")


def create(call: Call) -> Thing:
    books, params = call.books, call.params
    ident = new_id("vs")
    session: Thing = {
        "id": ident, "object": "identity.verification_session",
        "client_reference_id": params.get("client_reference_id"), "client_secret": f"{ident}_secret_double",
        "created": books.now, "livemode": False, "metadata": params.get("metadata") or {},
        "options": params.get("options") or {}, "status": "requires_input", "type": params.get("type", "document"),
        "url": f"{books.settings.public_url}/identity/{ident}",
        **{name: params.get(name) for name in ("provided_details", "related_customer", "related_person")},
        **blank("last_error last_verification_report redaction verification_flow"),
    }  # fmt: skip
    return books.add(session, return_url=params.get("return_url"), hidden={"verified_outputs": None})


def list_all(call: Call) -> Thing:
    return page(call, "identity.verification_session", where=("client_reference_id", "related_customer", "status"))


def cancel(call: Call) -> Thing:
    session = call.books.need("identity.verification_session", call.id)
    if session["status"] != "requires_input":
        raise refused(f"This session is {session['status']}.")
    return call.books.save({**session, "status": "canceled", "url": None})


def finish(books: Books, ident: str, *, verified: bool, person: Thing | None = None) -> Thing:
    """The outcome. `person` is what the document says: first_name, last_name, dob {day, month, year}, id_number."""
    session = books.need("identity.verification_session", ident)
    if session["status"] in DONE:
        raise refused(f"This session is {session['status']}.")
    report: Thing = {
        "id": new_id("vr"), "object": "identity.verification_report", "created": books.now, "livemode": False,
        "client_reference_id": session["client_reference_id"], "options": session["options"], "type": session["type"],
        "verification_session": ident, "verification_flow": None,
    }  # fmt: skip
    books.add(report)
    session["last_verification_report"] = report["id"]
    if verified:
        outputs = {
            **blank("address dob email first_name id_number id_number_type last_name phone sex"),
            **(person or {}),
        }
        books.note(ident, hidden={"verified_outputs": outputs})
        session |= {"status": "verified", "url": None, "last_error": None}
        events.emit(books, "identity.verification_session.verified", books.save(session))
    else:
        session["last_error"] = {"code": "document_unverified_other", "reason": "The document could not be verified."}
        events.emit(books, "identity.verification_session.requires_input", books.save(session))
    return session
