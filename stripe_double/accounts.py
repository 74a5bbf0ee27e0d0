"""Connected accounts (v2, recipient configuration): capabilities, requirements, and the stages they go through."""

from typing import Any

from stripe_double import events, money
from stripe_double.clock import iso
from stripe_double.errors import Failure, refuse_all, refused
from stripe_double.listing import Call, page_v2
from stripe_double.store import Books, Thing, blank, new_id

#: A platform in one of these may pay people in any other of them without asking Stripe's sales.
COUNTRIES = frozenset({
    "us", "gb", "ca", "ch", "at", "be", "bg", "hr", "cy", "cz", "dk", "ee", "fi", "fr", "de", "gr", "hu", "ie", "is",
    "it", "lv", "li", "lt", "lu", "mt", "nl", "no", "pl", "pt", "ro", "sk", "si", "es", "se",
})  # fmt: skip
OPTIONAL = ("configuration", "defaults", "future_requirements", "identity", "requirements")
CONFIGURATIONS = ("customer", "merchant", "recipient")

#: Stage -> status of the transfer capability, its code and who can resolve it.
STAGES: dict[str, tuple[str, str, str]] = {
    "new": ("restricted", "requirements_past_due", "provide_info"),
    "pending": ("pending", "determining_status", "no_resolution"),
    "active": ("active", "", ""),
    "restricted": ("restricted", "requirements_past_due", "provide_info"),
    "rejected": ("rejected", "rejected_other", "contact_stripe"),
    "unsupported": ("unsupported", "unsupported_country", "no_resolution"),
}
WANTED = {
    "new": ("identity.individual.given_name", "identity.individual.date_of_birth", "default_payout_method"),
    "restricted": ("identity.individual.documents.primary_verification",),
}
TRANSFERS, PAYOUTS = "stripe_balance.stripe_transfers", "stripe_balance.payouts"


def create(call: Call) -> Thing:
    books, params = call.books, call.params
    _check_responsibilities(params.get("defaults", {}).get("responsibilities"))
    country = params.get("identity", {}).get("country", "us").lower()
    account: Thing = {
        "id": new_id("acct"), "object": "v2.core.account", "created": iso(books.now), "livemode": False,
        "closed": False, "applied_configurations": [], "configuration": dict.fromkeys(CONFIGURATIONS),
        "future_requirements": _requirements([]),
        **blank("contact_email contact_phone dashboard defaults display_name identity metadata requirements"),
    }  # fmt: skip
    books.add(account, stage="new" if country in COUNTRIES else "unsupported", bank_failed=False)
    _merge(account, params)
    return shown(_render(books, account), params.get("include", []))


def make_active(books: Books, country: str) -> str:
    """The id of a recipient with all details given and verified, as the platform would have asked for it."""
    params = {
        "identity": {"country": country, "entity_type": "individual"}, "dashboard": "express",
        "configuration": {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}},
        "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
    }  # fmt: skip
    account = create(Call(books=books, params=params, ids={}, account="", path="/v2/core/accounts"))
    verified(books, str(account["id"]))
    return str(account["id"])


def retrieve(call: Call) -> Thing:
    return shown(need(call.books, call.id), call.params.get("include", []))


def update(call: Call) -> Thing:
    account = need(call.books, call.id)
    if account["closed"]:
        raise refused(f"The account '{call.id}' is closed.", code="account_closed")
    _check_responsibilities(call.params.get("defaults", {}).get("responsibilities"))
    _merge(account, call.params)
    return shown(_render(call.books, account), call.params.get("include", []))


def list_all(call: Call) -> Thing:
    refuse_all(call.params, "applied_configurations")
    page = page_v2(call, "v2.core.account", {"body ->> 'closed' = ?": int(call.params.get("closed", False))})
    return {**page, "data": [shown(account, []) for account in page["data"]]}


def close(call: Call) -> Thing:
    """Closing wants every configuration named and nothing left on the balance."""
    books, account = call.books, need(call.books, call.id)
    if set(call.params.get("applied_configurations", [])) != set(account["applied_configurations"]):
        raise refused("All configurations of the account must be given to close it.", param="applied_configurations")
    if any(sum(parts.values()) for parts in money.balances(books, call.id).values()):
        raise refused(f"The account '{call.id}' has a balance that is not zero.", code="account_has_balance")
    books.save({**account, "closed": True})
    events.emit_thin(books, "v2.core.account.closed", about=account)
    return shown(need(books, call.id), [])


def need(books: Books, ident: str) -> Thing:
    return books.need("v2.core.account", ident)


def shown(account: Thing, include: list[str]) -> Thing:
    """The account as the API shows it: what is not asked for by `include` is null."""
    asked = {name.partition(".")[0] for name in include}
    seen = {**account, **{name: None for name in OPTIONAL if name not in asked}}
    if seen["configuration"]:
        seen["configuration"] = {
            name: part if f"configuration.{name}" in include else None for name, part in seen["configuration"].items()
        }
    return seen


def set_stage(books: Books, ident: str, stage: str) -> None:
    """Move an account to another stage and say so by thin events."""
    books.note(ident, stage=stage)
    _announce(books, need(books, ident))


def set_bank(books: Books, ident: str, *, failed: bool) -> None:
    """A failed payout stops payouts until new bank details come in; transfers go on."""
    books.note(ident, bank_failed=failed)
    _announce(books, need(books, ident))


def onboard(books: Books, ident: str) -> None:
    """The person has given all details; verification takes its time, and money that waited is paid out after it."""
    if need(books, ident)["closed"] or books.notes(ident)["stage"] in ("unsupported", "rejected"):
        return
    if books.settings.verification_delay:
        set_stage(books, ident, "pending")
        books.later(books.settings.verification_delay, "verify_account", ident)
    else:
        verified(books, ident)


def verified(books: Books, ident: str) -> None:
    books.note(ident, bank_failed=False)
    set_stage(books, ident, "active")
    if any(parts["available"] > 0 for parts in money.balances(books, ident).values()):
        books.later(books.settings.payout_delay, "pay_out", ident)


def may_receive(books: Books, ident: str) -> bool:
    return _status(need(books, ident), "stripe_transfers") == "active"


def may_pay_out(books: Books, ident: str) -> bool:
    return _status(need(books, ident), "payouts") == "active"


def _announce(books: Books, account: Thing) -> None:
    before = {name: _status(account, name) for name in ("stripe_transfers", "payouts")}
    requirements = account["requirements"]
    account = _render(books, account)
    for name in before:
        if _status(account, name) != before[name]:
            events.emit_thin(
                books, "v2.core.account[configuration.recipient].capability_status_updated",
                about=account, data={"updated_capability": f"stripe_balance.{name}"},
            )  # fmt: skip
    if account["requirements"] != requirements:
        events.emit_thin(books, "v2.core.account[requirements].updated", about=account)


def _status(account: Thing, name: str) -> str | None:
    recipient = account["configuration"]["recipient"] or {}
    capability = (recipient.get("capabilities") or {}).get("stripe_balance", {}).get(name)
    return capability["status"] if capability else None


def _render(books: Books, account: Thing) -> Thing:
    """Rewrite what follows from the double's notes: capabilities and requirements."""
    notes = books.notes(account["id"])
    recipient = account["configuration"]["recipient"]
    wanted = list(WANTED.get(notes["stage"], ()))
    if recipient and recipient["capabilities"]:
        status = STAGES[notes["stage"]]
        payouts = STAGES["restricted"] if notes["bank_failed"] and status[0] == "active" else status
        if payouts is not status:
            wanted.append("default_payout_method")
        recipient["capabilities"]["stripe_balance"] = {
            "stripe_transfers": _capability(*status),
            "payouts": _capability(*payouts),
        }
    account["requirements"] = _requirements(wanted if recipient else [])
    return books.save(account)


def _capability(status: str, code: str, resolution: str) -> Thing:
    return {"status": status, "status_details": [{"code": code, "resolution": resolution}] if code else []}


def _requirements(wanted: list[str]) -> Thing:
    summary = {"minimum_deadline": {"status": "currently_due", "time": None}} if wanted else None
    return {"entries": [_requirement(description) for description in wanted], "summary": summary, "alternatives": []}


def _requirement(description: str) -> Thing:
    due = {"status": "currently_due"}
    capability = PAYOUTS if description == "default_payout_method" else TRANSFERS
    restricts = [{"capability": capability, "configuration": "recipient", "deadline": due}]
    return {
        "awaiting_action_from": "user", "description": description, "errors": [], "minimum_deadline": due,
        "impact": {"restricts_capabilities": restricts}, "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }  # fmt: skip


def _check_responsibilities(duties: dict[str, Any] | None) -> None:
    if duties and duties["losses_collector"] == "application" and not duties["fees_collector"].startswith("application"):
        raise Failure("losses_collector 'application' requires fees_collector 'application'.", param="defaults.responsibilities")


def _merge(account: Thing, params: Thing) -> None:
    """Lay given values over what is there; nested objects are merged, metadata keys set to null or "" go."""
    for name in ("contact_email", "contact_phone", "dashboard", "display_name"):
        if name in params:
            account[name] = params[name]
    for name in ("defaults", "identity"):
        if name in params:
            account[name] = _merged(account[name] or {}, params[name])
    if account["defaults"] and "responsibilities" in account["defaults"]:
        account["defaults"]["responsibilities"].setdefault("requirements_collector", "stripe")
    if "metadata" in params:
        changed = {**(account["metadata"] or {}), **params["metadata"]}
        account["metadata"] = {key: value for key, value in changed.items() if value not in (None, "")}
    for name in CONFIGURATIONS:
        if name in params.get("configuration", {}):
            asked = params["configuration"][name].get("capabilities") or {}
            known = account["configuration"][name] or {"applied": True, "capabilities": {}}
            wants = bool(asked.get("stripe_balance", {}).get("stripe_transfers", {}).get("requested"))
            if wants:
                known["capabilities"].setdefault("stripe_balance", {})
            account["configuration"][name] = known
    account["applied_configurations"] = [name for name, part in account["configuration"].items() if part]


def _merged(old: Thing, new: Thing) -> Thing:
    return {
        **old,
        **{key: _merged(old.get(key) or {}, value) if isinstance(value, dict) else value for key, value in new.items()},
    }
