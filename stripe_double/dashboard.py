"""The Express dashboard of a connected account: the address that the platform hands out."""

from stripe_double import accounts
from stripe_double.errors import refused
from stripe_double.listing import Call
from stripe_double.store import Thing, new_id


def login_link(call: Call) -> Thing:
    if accounts.need(call.books, call.id)["dashboard"] != "express":
        raise refused("Cannot create a login link for an account that is not an Express account.")
    token = new_id("login")
    link = {
        "object": "login_link",
        "created": call.books.now,
        "url": f"{call.books.settings.public_url}/express/{token}",
    }
    return call.books.add(link, ident=token, account_id=call.id)
