"""What the answers say: labels with honest confidences, how often each worker is right, and when to stop asking (pure numpy)."""
