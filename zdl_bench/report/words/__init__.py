"""Describe numbers in English: findings, verdicts and notes."""
