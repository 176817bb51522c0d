"""Audio files opened and decoded by libsndfile, or refused by name."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from ..errors import InputError, as_path, printable
from .containers import Layout, Part, examine

Block = npt.NDArray[np.float32]

RATES = (1_000, 768_000)  # Hz, lowest and highest
MOST_CHANNELS = 256
_BLOCK = 1 << 21  # samples of all channels decoded at a time, so that a long file never lies in memory whole
# Codings whose last block libsndfile decodes beyond the sound, and how much of a file at least is the sound.
_IN_BLOCKS, _FILLED = ("MS_ADPCM", "IMA_ADPCM", "GSM610"), 0.9
_TOLERATED = {"FLAC": 0, "MP3": 2_048}  # bytes left unread, of the decoders that stop where a header says so
_BUFFERED, _FINE = 1 << 14, 100  # bytes: more than a FLAC decoder reads ahead; given at a time within that
_TAG = 128  # bytes of an ID3v1 tag
_FORMATS = "WAV, FLAC, OGG, MP3, AU or AIFF"
_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


class Source:
    """An open audio file, or an InputError that says why there is none.

    It has a ``name`` for messages, a ``rate`` in Hz, a number of ``channels``, and ``frames``, the samples of each by
    the header, or None where only decoding tells.
    """

    def __init__(self, path: Path | str | bytes) -> None:
        self.path = path
        self.length: int | None = None  # in samples of a channel, once `blocks` came to the end
        self.unread = 0  # bytes, at least, that the decoder left there
        self._end = sys.maxsize
        self._unused: list[_Decoder] = []  # that looked at the first part, for the first pass

    def __enter__(self) -> Source:
        self.name, self._handle = _open(self.path)
        try:
            self.layout = self._examine()
            first = self._decoder(self.layout.parts[0])
            self._unused.append(first)
            self.rate, self.channels = first.samplerate, first.channels
            self._may_skip = first.format in ("OGG", "MP3")  # pages and frames that are damaged
            self._refuse_absurd()
            frames = first.frames
            for part in self.layout.parts[1:]:
                with self._decoder(part) as decoder:
                    if (decoder.samplerate, decoder.channels) != (self.rate, self.channels):
                        what = "streams of different sample rates or channels"
                        raise InputError(f"{self.name} holds {what} one after the other; divide it into files.")
                    frames += decoder.frames
            if first.subtype in _IN_BLOCKS and _FILLED * frames <= self.layout.samples < frames:
                frames = self._end = self.layout.samples
            self.frames = None if self.layout.endless else frames
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for decoder in self._unused:
            decoder.close()
        self._handle.close()

    def blocks(self, start: int, stop: int) -> Iterator[Block]:
        """Sound from sample ``start`` to ``stop`` or the end, ``float32 [n, channels]`` each; anew with each call."""
        size = max(1, _BLOCK // max(2, self.channels))
        done = 0  # samples of all parts so far
        for part in self.layout.parts:
            with self._unused.pop() if self._unused else self._decoder(part) as decoder:
                done += _enter(decoder, start - done)
                while True:
                    wanted = min(size, min(stop, self._end) - done)
                    if wanted <= 0:
                        self.length = done if done == self._end else None
                        return
                    block = self._decode(decoder, wanted, done)
                    before = max(0, start - done)  # decoded only since the decoder could not be entered later
                    done += len(block)
                    if len(block) > before:
                        yield block[before:]
                    if len(block) < wanted:
                        break
                unread = part.end - decoder.window.furthest
                self.unread += unread if unread > _TOLERATED.get(decoder.format, part.end) else 0
        self.length = done

    def count(self) -> int:
        """Samples of a channel: as the header says, where the last of them is there, else decoded and counted."""
        if self.frames is None or self.layout.cut_short or self._may_skip or not self._ends_as_promised():
            for _ in self.blocks(0, sys.maxsize):
                pass
            assert self.length is not None
            return self.length
        return self.frames

    def _ends_as_promised(self) -> bool:
        with self._decoder(self.layout.parts[-1]) as decoder:
            try:
                decoder.seek(max(0, decoder.frames - 1))
                return len(decoder.read(1)) == min(1, decoder.frames)
            except (soundfile.SoundFileError, ValueError):
                return False

    def _examine(self) -> Layout:
        size = os.fstat(self._handle.fileno()).st_size
        if not size:
            raise InputError(f"{self.name} is empty; copy or download it again.")
        try:
            return examine(self._handle, size)
        except OSError as error:
            raise self._unreadable(error) from error

    def _decoder(self, part: Part) -> _Decoder:
        window = _Window(self._handle, part)
        try:
            # Through a handle, so that the content and not the name's ending decides what it is.
            return _Decoder(window, self.layout.endless)
        except (soundfile.SoundFileError, TypeError) as error:
            if window.error:
                raise self._unreadable(window.error) from window.error
            why = f"is not audio that can be decoded; give a sound file as {_FORMATS}"
            if self.layout.cut_short:
                why = "is damaged: it is cut short before any sound; copy or download it again"
            raise InputError(f"{self.name} {why}.") from error

    def _decode(self, decoder: _Decoder, wanted: int, done: int) -> Block:
        block: Block | None = None
        with contextlib.suppress(soundfile.SoundFileError):
            block = decoder.read(wanted, dtype="float32", always_2d=True)
        if decoder.window.error:
            raise self._unreadable(decoder.window.error)
        if block is None:
            where = f" after {done / self.rate:.1f} s" if done else ""
            raise InputError(f"{self.name} is damaged: it stops decoding{where}; copy or download it again.")
        return block

    def _unreadable(self, error: OSError) -> InputError:
        return InputError(f"{self.name} cannot be read ({error.strerror}); copy or download it again.")

    def _refuse_absurd(self) -> None:
        lowest, highest = RATES
        if not lowest <= self.rate <= highest:
            wanted = f"{lowest:,} to {highest:,} Hz"
            raise InputError(f"{self.name} is at {self.rate:,} Hz by its header; give a recording at {wanted}.")
        if self.channels > MOST_CHANNELS:
            raise InputError(
                f"{self.name} has {self.channels:,} channels; give a recording of {MOST_CHANNELS} at most."
            )


class _Decoder(soundfile.SoundFile):
    def __init__(self, window: _Window, endless: bool) -> None:
        self.window, self._endless = window, endless
        window.fine = _BUFFERED if window.begins_with(b"fLaC") else 0  # before a small file is read whole
        super().__init__(window)

    def seekable(self) -> bool:
        # After each block soundfile seeks to where it is, which fails in a FLAC file of unknown length.
        return not self._endless and super().seekable()


class _Window:
    """Bytes of an open file as a file of their own, for libsndfile; a fault of the disk is kept for later."""

    def __init__(self, handle: BufferedReader, part: Part) -> None:
        self._handle, self._part = handle, part
        self._at = part.begin
        self.furthest = part.begin
        self.fine = 0  # bytes at the end that are given a few at a time, to see how many of them are read
        self.error: OSError | None = None
        # Where the working folder has an ".AppleDouble" or a "._", libsndfile takes an MP3 for another kind of file,
        # unless it has no bytes: so it is told when it asks first.
        self._unsized = part.mpeg

    def begins_with(self, these: bytes) -> bool:
        self._handle.seek(self._part.begin)
        return self._handle.read(len(these)) == these

    def tell(self) -> int:
        return self._at - self._part.begin

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: self._part.begin, os.SEEK_CUR: self._at, os.SEEK_END: self._part.end}[whence]
        if whence == os.SEEK_END and not offset:
            origin = self._part.begin if self._unsized else origin + self._part.beyond
            self._unsized = False
        self._at = max(self._part.begin, origin + offset)
        return self.tell()

    def readinto(self, buffer: bytearray) -> int:
        left = max(0, self._part.end - self._at)
        view = memoryview(buffer)[: left if left > self.fine else min(left, _FINE)]
        try:
            self._handle.seek(self._at)
            n = self._handle.readinto(view)
        except OSError as error:
            self.error = error
            return 0
        for offset, right in self._part.patches:
            first, last = max(offset, self._at), min(offset + len(right), self._at + n)
            if first < last:
                view[first - self._at : last - self._at] = right[first - offset : last - offset]
        if view.nbytes != _TAG or self._at + n != self._part.end:  # the tag at the end that MP3 decoders look for
            self.furthest = max(self.furthest, self._at + n)
        self._at += n
        return n


def _open(path: Path | str | bytes) -> tuple[str, BufferedReader]:
    """The file's name for messages, and the file."""
    path = as_path(path)
    name = printable(path)
    try:
        if name.startswith("~") and not path.exists():
            path = Path(os.path.expanduser(path))
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind == stat.S_IFDIR:
            raise InputError(f"{name} is a folder; give an audio file in it.")
        if kind != stat.S_IFREG:
            raise InputError(f"{name} is {_KINDS.get(kind, 'no regular file')}; give a file.")
        return name, open(path, "rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{name} does not exist; check the file's name.") from error
    except OSError as error:
        what = "its permissions" if isinstance(error, PermissionError) else "the file's name"
        raise InputError(f"{name} cannot be opened ({error.strerror}); check {what}.") from error


def _enter(decoder: _Decoder, start: int) -> int:
    """Go on to a sample without decoding what lies before it, where that is exact; the position reached."""
    # Seeking in an MP3 is not exact to the sample: it is decoded from the beginning.
    if decoder.format == "MP3" or not 0 < start < decoder.frames or not decoder.seekable():
        return 0
    try:
        return decoder.seek(start)
    except soundfile.SoundFileError:
        return decoder.seek(0)
