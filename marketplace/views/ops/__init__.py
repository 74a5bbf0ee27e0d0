"""The pages of ops staff that live in the market: today, batches, pools, persons, judging."""
