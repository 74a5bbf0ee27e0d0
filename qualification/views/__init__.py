"""The pages of skills and exams, by audience."""
