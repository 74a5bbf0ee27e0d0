"""The day before the month, as all pages write it."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
