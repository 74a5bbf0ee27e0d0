"""English: the day before the month, as all pages write it."""
