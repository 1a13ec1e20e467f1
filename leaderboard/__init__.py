"""References + predictions → score → ranking."""
