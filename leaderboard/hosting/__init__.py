"""A leaderboard that is hosted: its board, its schedule, the Hub."""
