"""The sign-ins of the demo, which exist under the embedded default alone."""

PASSWORD = "try-the-market"
SIGN_INS = {
    "contractor": ("ana@demo.localhost", PASSWORD),
    "client": ("mira@demo.localhost", PASSWORD),
    "agency": ("rosa@demo.localhost", PASSWORD),
    "ops": ("olu@demo.localhost", PASSWORD),
}
