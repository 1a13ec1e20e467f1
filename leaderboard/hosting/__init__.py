"""A leaderboard that is hosted: its schedule, its baselines, its datasets on the Hub."""
