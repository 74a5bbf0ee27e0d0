"""The market's pages, by audience."""
