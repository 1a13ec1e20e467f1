"""Hosting a leaderboard: its schedule, its baselines, its datasets on the Hub."""
