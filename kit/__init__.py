"""What every room stands on and what knows none of them: money, states, outbox, audit, files, errors."""
