"""The tabs of the leaderboard."""
