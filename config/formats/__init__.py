"""How dates are written in each language, where Django's own form is not the one that every page uses."""
