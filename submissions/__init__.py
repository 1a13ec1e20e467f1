"""Prediction files: checking, storing, receipts."""
