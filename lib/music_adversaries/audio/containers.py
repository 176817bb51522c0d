"""Where the sound lies in the bytes of a file, whatever its header says.

libsndfile does not say what it left undecoded. Here containers are followed chunk by chunk and page by page: tags
before the sound, streams one after another, sizes that a pipe could not fill in, a missing end, bytes left over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_UNKNOWN = 0x7FFF_0000  # sizes from here on stand for "not known yet" in what was written to a pipe
_LARGEST = 0xFFFF_FFFF  # of a size in 32 bits
_PADDING = 1  # byte, at most, that fills up
_SCANNED = 1 << 16  # bytes looked through at a time
_ID3V1, _APE = 128, 32  # bytes of the tag; of the other one's last part
_OGG_HEADER, _OGG_FIRST, _OGG_LAST = 27, 2, 4  # bytes of a page's header up to its table; flags in it
_EXTENSIBLE = 40  # bytes that a WAV's format has where it says how many bits of a sample are used
_AU_HEADER = 24  # bytes, at least
_XING_WITHIN = 64  # bytes of an MP3's first frame, which begin with how long it is, if it says so
_MORE = 63  # times the size of an MP3 file: its first frame has at most 40 times the bytes of its smallest
_MPEG_FRAME = 2_048  # bytes, more than any frame has: encoders do not agree on which ones count
_W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"


class Part(NamedTuple):
    """Bytes that libsndfile is shown as one file."""

    begin: int
    end: int
    patches: tuple[tuple[int, bytes], ...] = ()
    """Bytes shown in place of the file's, each with its offset in the file."""
    beyond: int = 0
    """Bytes after the end that are shown as there, as far as only their number is asked for."""
    mpeg: bool = False
    """Whether it is a stream of an MP3 file."""


class Layout(NamedTuple):
    """What a file holds."""

    parts: tuple[Part, ...]
    """Streams of sound, one after another; a single one as a rule."""
    left_over: int = 0
    """Bytes after the sound that are no tag known."""
    cut_short: bool = False
    """Whether the container promises more than there is."""
    endless: bool = False
    """Whether the header leaves open how long the sound is, and libsndfile cannot know."""
    samples: int = 0
    """Of a channel, where a coding fills up its last block, and the header says with how many; else 0."""
    bits: tuple[int, int] = (0, 0)
    """Of a sample in WAV: how many there are and how many are used, where those are fewer; else none."""


class _Form(NamedTuple):
    """How a container divides itself into chunks."""

    header: str  # of a chunk: its name and its size
    first: int  # offset of the first chunk
    sound: bytes  # name of the chunk with the samples
    align: int = 2
    whole: bool = False  # whether a chunk's size counts its header too


_FORMS = {
    b"RIFF": _Form("<4sI", 12, b"data"),
    b"RIFX": _Form(">4sI", 12, b"data"),
    b"RF64": _Form("<4sI", 12, b"data"),
    b"FORM": _Form(">4sI", 12, b"SSND"),
    b"caff": _Form(">4sq", 8, b"data", align=1),
    b"riff": _Form("<16sQ", 40, b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a", align=8, whole=True),
}


def examine(file: BinaryIO, size: int) -> Layout:
    """Find the sound in an open file of ``size`` bytes; what is not known here is left to libsndfile."""
    try:
        return _examine(file, size)
    except (struct.error, IndexError):  # not even what every such header has
        return Layout((Part(0, size),))


def _examine(file: BinaryIO, size: int) -> Layout:
    begin = _after_id3(file, size)
    end = _before_tags(file, begin, size)
    magic = _at(file, begin, 16)
    if magic[:4] in _FORMS and (magic[:4] != b"riff" or magic == _W64):
        return _chunked(file, begin, end, _FORMS[magic[:4]])
    if look := {b".snd": _au, b"OggS": _ogg, b"fLaC": _flac}.get(magic[:4]):
        return look(file, begin, end)
    if _is_mpeg(magic):
        return _mpeg(file, begin, end, size)
    return Layout((Part(0, size),))


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _after_id3(file: BinaryIO, size: int, begin: int = 0) -> int:
    """Where the ID3v2 tags end that begin there."""
    while (tag := _at(file, begin, 10))[:3] == b"ID3" and len(tag) == 10 and max(tag[6:]) < 0x80:
        length = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        after = begin + 10 + length + (10 if tag[5] & 0x10 else 0)
        if after >= size:
            break
        begin = after
    return begin


def _before_tags(file: BinaryIO, begin: int, end: int) -> int:
    """Where ID3v1 and APE tags at the end begin."""
    while True:
        tail = _at(file, max(begin, end - _ID3V1), _ID3V1)
        if len(tail) == _ID3V1 and tail[:3] == b"TAG":
            end -= _ID3V1
        elif tail[-_APE:][:8] == b"APETAGEX":
            _, length, _, flags = struct.unpack("<4I", tail[-_APE + 8 :][:16])
            length += _APE if flags >> 31 else 0
            if not _APE <= length <= end - begin:
                return end
            end -= length
        else:
            return end


def _chunks(file: BinaryIO, form: _Form, offset: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and size of each chunk's content, as far as they look like chunks."""
    head = struct.calcsize(form.header)
    while offset + head <= end:
        name, size = struct.unpack(form.header, _at(file, offset, head))
        size -= head if form.whole else 0
        if not name[:4].isascii() or not name[:4].decode().isprintable() or name[:4] in _FORMS:
            return
        yield name, offset + head, size
        if size < 0 or offset + head + size > end:
            return
        offset += head + size + -size % form.align


def _chunked(file: BinaryIO, begin: int, end: int, form: _Form) -> Layout:
    """WAV and its large relatives, AIFF, CAF."""
    samples = 0
    bits = (0, 0)
    long_at = 0  # where RF64 keeps the size that the chunk's own field is too small for
    for name, content, size in _chunks(file, form, begin + form.first, end):  # noqa: B007
        if name == b"ds64":
            long_at = content + 8
        if name == b"fact":
            (samples,) = struct.unpack(form.header[0] + "I", _at(file, content, 4))
        if name[:4] == b"fmt " and size >= _EXTENSIBLE:
            kind, has, used, coding = struct.unpack(form.header[0] + "H12xH2xH4xI", _at(file, content, 28))
            bits = (has, used) if (kind, coding) == (0xFFFE, 1) and 0 < used < has else bits
        if name == form.sound:
            break
    else:
        return Layout((Part(begin, end),))
    field = form.header[0] + form.header[-1].upper()
    if long_at and size == _LARGEST:
        field, size_at = "<Q", long_at
        (size,) = struct.unpack(field, _at(file, size_at, 8).ljust(8, b"\0"))
    else:
        size_at = content - struct.calcsize(field)
    there = end - content
    after = _after_chunks(file, form, content, max(size, 0), end)
    long = struct.calcsize(field) == 8
    never = size < 0 or size >= (_UNKNOWN << 32 if long else _UNKNOWN)
    unknown = (never and not 0 <= size <= there) or (size == 0 and end - after > _PADDING)
    if unknown or size > there:
        right = there + (struct.calcsize(form.header) if form.whole else 0)
        patch = struct.pack(field, right if long else min(right, _LARGEST))
        return Layout((Part(begin, end, ((size_at, patch),)),), cut_short=not unknown, bits=bits)
    return Layout((Part(begin, after),), _left_over(after, end), samples=samples, bits=bits)


def _after_chunks(file: BinaryIO, form: _Form, content: int, size: int, end: int) -> int:
    """Where the last chunk ends that follows the sound."""
    # Some writers forget the byte that makes an odd size even.
    for after in (content + size + -size % form.align, content + size):
        last = after
        for _, offset, length in _chunks(file, form, after, end):
            if length < 0 or offset + length > end:
                break
            last = min(offset + length + -length % form.align, end)
        if last > after:
            return last
    return min(content + size, end)


def _left_over(after: int, end: int) -> int:
    return end - after if end - after > _PADDING else 0


def _au(file: BinaryIO, begin: int, end: int) -> Layout:
    offset, size = struct.unpack(">2I", _at(file, begin + 4, 8).ljust(8, b"\0"))
    # Sound that begins within the header is decoded from its end on, but counted from its beginning.
    patches = ((begin + 4, struct.pack(">I", _AU_HEADER)),) if offset < _AU_HEADER else ()
    after = begin + max(offset, _AU_HEADER) + size
    if not size or size >= _UNKNOWN:
        return Layout((Part(begin, end, patches),))
    return Layout((Part(begin, min(after, end), patches),), _left_over(after, end), cut_short=after > end)


def _ogg(file: BinaryIO, begin: int, end: int) -> Layout:
    """Links of a chain: each begins with the first pages of its streams, and ends with a last one."""
    starts = [begin]
    first = closed = True  # whether only first pages of the link were seen, and whether the last one was
    cut_short = False
    left_over = 0
    at = begin
    while at < end:
        page = _at(file, at, _OGG_HEADER + 255)
        if page[:4] != b"OggS":
            found = _find(file, b"OggS", at, end)
            left_over += (found or end) - at
            if not found:
                break
            at = found
            continue
        table = page[_OGG_HEADER:][: page[_OGG_HEADER - 1] if len(page) > _OGG_HEADER else 0]
        length = _OGG_HEADER + len(table) + sum(table)
        if not table or at + length > end:
            closed = False
            break
        if page[5] & _OGG_FIRST and not first:
            starts.append(at)
            cut_short = cut_short or not closed
        first, closed = bool(page[5] & _OGG_FIRST), bool(page[5] & _OGG_LAST)
        at += length
    # All of it where there is no whole page: libsndfile says that it is nothing.
    return Layout(_spans(starts, at if at > begin else end), left_over, cut_short or not closed)


def _flac(file: BinaryIO, begin: int, end: int) -> Layout:
    starts = [begin]
    at: int | None = begin
    while at is not None and (at := _find(file, b"fLaC", at + 4, end)) is not None:
        # The first block of metadata follows, 34 bytes long, where it is not by chance.
        if _at(file, at + 5, 3) == b"\0\0\x22":
            starts.append(at)
    parts = _spans(starts, end)
    # The last 36 bits of eight bytes that begin with the rate.
    lengths = [int.from_bytes(_at(file, part.begin + 18, 8), "big") & ((1 << 36) - 1) for part in parts]
    return Layout(parts, endless=not all(lengths))


def _mpeg(file: BinaryIO, begin: int, end: int, size: int) -> Layout:
    """MP3 streams; where the first frame tells how many bytes there are, decoders stop after them."""
    parts: list[Part] = []
    start = at = begin
    while True:
        frame = _at(file, at, _XING_WITHIN)
        tag = max(frame.find(b"Xing"), frame.find(b"Info"))
        flags = frame[tag + 7] if tag >= 0 else 0
        # Some write that there are no frames.
        if not flags & 2 or (flags & 1 and not any(frame[tag + 8 : tag + 12])):
            # Else mpg123 guesses from the first frame how many there are, and libsndfile stops after so many.
            return Layout((*parts, Part(start, end, beyond=_MORE * size, mpeg=True)), endless=True)
        field = tag + 8 + (4 if flags & 1 else 0)
        after = at + int.from_bytes(frame[field : field + 4], "big")
        if end - after < _MPEG_FRAME or after <= at:
            return Layout((*parts, Part(start, end, mpeg=True)), cut_short=after - end > _MPEG_FRAME)
        parts.append(Part(start, after, mpeg=True))
        start = at = _after_id3(file, size, after + (_ID3V1 if _at(file, after, 3) == b"TAG" else 0))
        if not _is_mpeg(_at(file, at, 2)):
            return Layout(tuple(parts), end - after)


def _is_mpeg(header: bytes) -> bool:
    return len(header) > 1 and header[0] == 0xFF and header[1] >= 0xE0


def _spans(starts: list[int], end: int) -> tuple[Part, ...]:
    return tuple(Part(*span) for span in zip(starts, [*starts[1:], end], strict=True))


def _find(file: BinaryIO, what: bytes, begin: int, end: int) -> int | None:
    """Offset of the first such bytes."""
    while begin < end:
        text = _at(file, begin, min(_SCANNED, end - begin))
        if (at := text.find(what)) >= 0:
            return begin + at
        if len(text) < _SCANNED:
            return None
        begin += len(text) - len(what) + 1
    return None
