"""Findings, fixes and explanations while somebody edits."""
