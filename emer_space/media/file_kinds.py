"""Recognises, by its first bytes, a file that is not a clip or is a clip of a refused kind, and says why.

Clips of rare kinds are refused because rare readers are where the bugs are.
"""

import re

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CLIP = "which is not accepted; export it as MP4, or as WAV where it is sound alone"
_PACKED = "and not a clip; unpack it and send the video or sound recording that is in it"
_OTHER = "and not a clip; send a video or a sound recording"

_KINDS = (
    (0, b".RMF", "a RealMedia file", _CLIP),
    (0, b".ra\xfd", "a RealAudio file", _CLIP),
    (0, b"FWS", "a Flash film (SWF)", _CLIP),
    (0, b"CWS", "a Flash film (SWF)", _CLIP),
    (0, b"ZWS", "a Flash film (SWF)", _CLIP),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "an MXF film", _CLIP),
    (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "a Windows TV recording (WTV)", _CLIP),
    (0, b"DKIF", "a bare video stream (IVF)", _CLIP),
    (0, b"YUV4MPEG2 ", "an unpacked video stream (Y4M)", _CLIP),
    (0, b"nut/multimedia container\0", "a NUT film", _CLIP),
    (0, b"#!SILK", "a voice message in SILK", _CLIP),
    (1, b"#!SILK", "a voice message in SILK", _CLIP),
    (0, b"MAC ", "a sound recording in Monkey's Audio", _CLIP),
    (0, b"wvpk", "a sound recording in WavPack", _CLIP),
    (0, b"TTA1", "a sound recording in True Audio", _CLIP),
    (0, b"MPCK", "a sound recording in Musepack", _CLIP),
    (0, b"MP+", "a sound recording in Musepack", _CLIP),
    (0, b"DSD ", "a sound recording in DSD", _CLIP),
    (0, b"NIST_1A\n", "a sound recording in SPHERE", _CLIP),
    (0, b"riff\x2e\x91\xcf\x11", "a sound recording in Wave64", _CLIP),
    (0, b"MThd", "a score for synthesizers (MIDI)", _OTHER),
    (0, b"%PDF-", "a PDF document", _OTHER),
    (0, b"{\\rtf", "a text document (RTF)", _OTHER),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document", _OTHER),
    (0, b"\x93NUMPY", "a table of numbers (NPY)", _OTHER),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document", _PACKED),
    (0, b"Rar!\x1a\x07", "a RAR archive", _PACKED),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _PACKED),
    (0, b"\x1f\x8b\x08", "a GZIP archive", _PACKED),
    (0, b"BZh", "a BZIP2 archive", _PACKED),
    (0, b"\xfd7zXZ\0", "an XZ archive", _PACKED),
    (257, b"ustar", "a TAR archive", _PACKED),
)
"""Offset, bytes found there, kind of file, and remedy. Bytes of four letters or fewer may also begin a text."""

_PICTURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cJXL \r\n", "JPEG XL"),
    (0, b"\0\0\0\x0cjP  \r\n", "JPEG 2000"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypheix", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypcrx ", "Canon raw"),
)


def refused(head: bytes) -> str | None:
    """A sentence on why a file that begins with `head` is refused, and what to do; None if it may be a clip.

    Moving GIF and PNG files are clips, so GIF is not judged here, and PNG only if it has no animation.
    """
    plain = not _CONTROL.search(head)
    for place, start, what, remedy in _KINDS:
        if head.startswith(start, place) and not (plain and len(start) <= 4):
            return f"The file is {what}{' ' if remedy is not _CLIP else ', '}{remedy}."
    for place, start, what in _PICTURES:
        if head.startswith(start, place):
            return picture(what)
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return picture("BMP")
    if head.startswith(b"\x89PNG\r\n\x1a\n") and b"acTL" not in head:
        return picture("PNG")
    if head.startswith(b"RIFF") and head.startswith(b"WEBP", 8):
        if head.startswith(b"VP8X", 12) and head[20:21] and head[20] & 2:
            return "The file is an animated WebP, which is not accepted; save it as MP4 or GIF."
        return picture("WebP")
    return f"The file is a text {_OTHER}." if plain else None


def picture(kind: str) -> str:
    """The sentence that refuses a still picture."""
    live = " (of a live or motion photo, its video)" if kind in ("JPEG", "HEIC", "HEIF") else ""
    return f"The file is a picture and not a clip ({kind}); send a video or a sound recording{live}."
