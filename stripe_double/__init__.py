"""A stateful stand-in for Stripe on the loopback address: a program of its own for development, tests and drills.

    python -m stripe_double --port 8001 --books double.sqlite3

It checks every request against the types of the installed `stripe` package, keeps its books in SQLite and answers as
Stripe documents it. What Stripe really does is proven only against Stripe. `/_control/` lists what tests can do to it.
"""
