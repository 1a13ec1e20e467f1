"""The tabs of participants."""
