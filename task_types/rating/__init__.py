"""Rating: a number on a described scale for a text or an image."""
