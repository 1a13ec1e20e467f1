"""The basic emotions that a witness may speak of, and what it says: a posterior over them."""

FEELINGS = ("neutral", "happy", "surprised", "sad", "angry", "disgusted", "fearful", "contemptuous")
"""Ekman's six (1992), contempt, and neutral: the order of every posterior."""

FACE_CLASSES = (*FEELINGS, "no face")
"""What the face witness tells apart."""
