"""Numbers → English: findings, verdicts, notes, and what the numbers mean."""
