"""One drawer per kind of work: what a task is made of, how it is answered, graded, combined, shown and exported."""
