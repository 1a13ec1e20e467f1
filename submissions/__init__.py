"""Prediction files: read, checked, stored, receipted."""
