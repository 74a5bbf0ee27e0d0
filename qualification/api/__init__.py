"""The API of skills and exams, by who calls it."""
