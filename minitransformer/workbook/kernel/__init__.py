"""What runs in the learner's own notebook: `check` (live.py) and `mine` (earlier.py)."""
