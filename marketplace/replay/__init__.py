"""Recorded work of real people, done again through the public API of a running installation, down to the transfers."""
