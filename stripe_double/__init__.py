"""A stateful stand-in for Stripe on the loopback address: a program of its own for development, tests and drills."""
