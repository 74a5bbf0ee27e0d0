"""The market itself: projects, intake, dispatch, submissions, judging, results, pricing and settlement."""
