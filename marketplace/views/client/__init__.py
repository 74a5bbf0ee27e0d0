"""A client's pages: projects, batches, review."""
