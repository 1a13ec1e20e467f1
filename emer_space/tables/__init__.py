"""Reads tables of knowledge (TOML) and checks them against shapes, naming file, row and remedy."""
