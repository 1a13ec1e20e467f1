"""What a person takes away from an analysis, as bytes of a file: subtitles, a report of one page, how to cite it.

Pure functions of an `Analysis`: nothing of the clip itself is read, so no picture of a person is in any of them.
"""
