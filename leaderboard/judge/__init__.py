"""Metrics that ask a language model: questions, what is read from answers, and asking hundreds of them."""
