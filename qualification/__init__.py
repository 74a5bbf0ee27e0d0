"""What people can prove: skills, exams with their item banks, attempts and their grading, and the grants that follow."""
