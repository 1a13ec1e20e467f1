"""Words → what they tell of feelings: subtitles, descriptions of clues, explanations."""
