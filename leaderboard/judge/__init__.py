"""Asking a language model for a metric: hundreds of questions, and what its answers say."""
