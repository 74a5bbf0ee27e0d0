"""A small market for an empty installation: people, projects and a few days of work, all self-written."""
