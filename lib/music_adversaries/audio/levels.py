"""From the channels of a file to one: which are mixed, at which scale, and without a constant.

What is measured here decides whether a sound can be what its header says. A good one is mixed in one pass and nothing
else is done to it; where something is odd, its blocks are asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Waveform = npt.NDArray[np.float32]
Blocks = Callable[[], Iterable[Waveform]]

FULL_SCALE = 32_768  # steps of a 16-bit file from 0 to full scale
_SILENT_RANGE = 4 / FULL_SCALE  # from the lowest sample to the highest: two steps of dither, whatever constant it is on
_SILENT_SHARE = 1e-3  # of the widest channel's range, 60 dB below it
_CANCELLED = 0.05  # of the power that a mix of channels has which have nothing to do with each other
_CONSTANT_SHARE = 0.03  # of the power; in recordings of GTZAN it is 2 % at most
_LOUDEST = 4.0  # times full scale: float files go beyond it, but hardly by more than 12 dB
# Full scales of whole numbers with 16, 24 and 32 bits. Numbers a little larger than one of them can be too loud for it
# as well as quiet for the next.
_SCALES = (2.0**15, 2.0**23, 2.0**31)
_CHUNK = 1 << 16  # samples measured at a time, which the processor keeps at hand


def to_mono(
    blocks: Blocks, n_channels: int, rate: int, name: str, bits: tuple[int, int] = (0, 0)
) -> tuple[Waveform, list[str]]:
    """Mix a sound to one channel, repair what can be repaired, and say how.

    ``blocks`` makes the sound's blocks, ``float32 [n_samples, n_channels]`` each, anew; ``name`` is for messages;
    ``bits`` as in `containers.Layout`. The result, ``float32 [n_samples]``, may be empty.

    Raises
    ------
    InputError
        When it has NaN or infinite samples, is silent, or far beyond full scale.
    """
    mono, channels = _mixed(blocks(), range(n_channels))
    if not len(mono):
        return mono, []
    refuse_not_finite(mono, name)
    peak = max(-channels.low.min(), channels.high.max())
    if any(bits):
        scale, notes = _of_used(blocks, peak, *bits)
    else:
        scale = _scale(blocks, peak, name)
        notes = [f"whole numbers divided by {scale:,.0f}"] if scale > 1 else []
    used = channels.sounding(_SILENT_RANGE * scale)
    if len(used) < n_channels:
        mono, channels = _mixed(blocks(), used)
        notes.append(f"{n_channels - len(used)} of {n_channels} channels silent")
    if len(used) > 1 and channels.cancel(mono):
        used = [used[int(np.argmax(channels.variance))]]
        mono, channels = _mixed(blocks(), used)
        notes.append("channels cancel out when mixed")
    if len(used) == 1 < n_channels:
        which = f"the {('left', 'right')[used[0]]} channel" if n_channels == 2 else f"channel {used[0] + 1}"
        notes[-1] += f", {which} used alone"
    elif n_channels > 1:
        notes.append("stereo mixed to mono" if n_channels == 2 else f"{len(used)} channels mixed to mono")
    if scale != 1:
        mono = mono / np.float32(scale)
    if mono.max() - mono.min() <= _SILENT_RANGE:
        raise silent(name)
    mean, power = float(mono.mean()), float(_square(mono[None])[0]) / len(mono)
    if len(mono) >= rate and mean**2 > _CONSTANT_SHARE * power:  # in less than a second it may be a low note
        mean = float(mono.mean(dtype=np.float64))
        mono = mono - np.float32(mean)
        notes.append(f"a constant of {mean:+.3g} removed, {min(mean**2 / power, 1):.0%} of the power")
    return mono, notes


def samples_of(given: object, name: str) -> np.ndarray:
    """What an array, a list or a tensor of any device and layout holds, in its own type; `InputError` for others."""
    kind = type(given).__name__
    refused = InputError(f"{name} is no array of numbers but {kind}; give one, as audio.read(path).waveform.")
    detach = getattr(given, "detach", None)  # of a tensor of PyTorch, which is not imported for this
    units = {str(getattr(given, attribute, "")) for attribute in ("unit", "units")}  # of astropy, pint and xarray
    if unit := ", ".join(units - {"", "1", "None", "dimensionless"}):
        raise InputError(f"{name} has a unit, {unit}; give it without one, with full scale 1.")
    try:
        if detach:
            held = detach().cpu().to_dense().resolve_conj().resolve_neg()
            # Types that NumPy does not have, and one that few of its functions have.
            return np.asarray((held.float() if held.is_floating_point() and held.dtype.itemsize == 2 else held).numpy())
        array = np.asanyarray(given)
    except MemoryError:
        raise
    except Exception as error:  # what is no array of NumPy's own may raise anything
        raise refused from error
    if np.ma.is_masked(array):
        raise InputError(f"{name} has masked samples; fill them or leave them out.")
    if array.ndim or array.dtype.kind in "biufc":
        return np.asarray(array)
    raise refused


def refuse_not_finite(waveform: Waveform, name: str) -> None:
    """Refuse NaN and infinite samples."""
    if len(waveform) and not (np.isfinite(waveform.min()) and np.isfinite(waveform.max())):  # NaN where a sample is
        bad = np.flatnonzero(~np.isfinite(waveform))
        which = f"{len(bad):,} samples that are NaN or infinite, the first at sample {bad[0]:,}"
        raise InputError(f"{name} has {which}; export it again without them.")


def silent(name: str) -> InputError:
    """What says that there is no sound."""
    return InputError(f"{name} is silent; give a recording with sound in it.")


class _Channels:
    """Range and power of each channel."""

    def __init__(self, n: int) -> None:
        self.low, self.high = np.full(n, np.inf), np.full(n, -np.inf)
        self.sum, self.square, self.length = np.zeros(n), np.zeros(n), 0

    def add(self, block: Waveform) -> None:
        """Count a block ``[n_samples, n_channels]``."""
        n = max(1, _CHUNK // block.shape[1])
        self.length += len(block)
        for start in range(0, len(block), n):
            rows = np.ascontiguousarray(block[start : start + n].T)
            self.low, self.high = np.minimum(self.low, rows.min(axis=1)), np.maximum(self.high, rows.max(axis=1))
            self.sum += rows.sum(axis=1)
            self.square += _square(rows)

    @property
    def variance(self) -> npt.NDArray[np.float64]:
        return np.maximum(self.square / self.length - (self.sum / self.length) ** 2, 0)

    def sounding(self, silent_range: float) -> list[int]:
        """Those that are not silent; all of them where none sounds."""
        width = self.high - self.low
        heard = np.flatnonzero(width > max(silent_range, _SILENT_SHARE * width.max()))
        return heard.tolist() or list(range(len(width)))

    def cancel(self, mono: Waveform) -> bool:
        """Whether little is left once they are mixed."""
        left = _CANCELLED * float(self.variance.sum()) / len(self.low) ** 2
        rough = _square(mono[None])[0] / len(mono) - float(mono.mean()) ** 2
        return rough < 2 * left and float(mono.var(dtype=np.float64)) < left


def _square(rows: Waveform) -> npt.NDArray[np.float32]:
    """Sum of squares of each row, without BLAS, whose threads wait for each other on a busy machine."""
    return np.einsum("ij,ij->i", rows, rows)


def _mixed(blocks: Iterable[Waveform], used: Sequence[int]) -> tuple[Waveform, _Channels]:
    """The mean of the channels used, and what is known of them."""
    channels = _Channels(len(used))
    mixed = [np.zeros(0, np.float32)]
    with np.errstate(all="ignore"):  # of samples that are refused afterwards
        for block in blocks:
            block = block if block.shape[1] == len(used) else block[:, used]
            if len(used) > 1:  # a single one is the mix
                channels.add(block)
            if len(used) == 2:  # the same numbers as the mean, sooner
                mixed.append((block[:, 0] + block[:, 1]) * np.float32(0.5))
            else:
                mixed.append(block[:, 0] if len(used) == 1 else block.mean(axis=1, dtype=np.float32))
    mono = mixed[1] if len(mixed) == 2 else np.concatenate(mixed)
    if len(used) == 1 and len(mono):
        channels.low[:], channels.high[:] = mono.min(), mono.max()
    return mono, channels


def _scale(blocks: Blocks, peak: float, name: str) -> float:
    """What to divide by so that full scale is 1."""
    if peak <= _LOUDEST:
        return 1.0
    fitting = [
        scale for below, scale in zip((1.0, *_SCALES[:-1]), _SCALES, strict=True) if _LOUDEST * below < peak <= scale
    ]
    if not fitting or not all(np.array_equal(block, np.rint(block)) for block in blocks()):
        raise InputError(f"{name} reaches {peak:,.0f} times full scale; export it again with full scale at 1.")
    return fitting[0]


def _of_used(blocks: Blocks, peak: float, there: int, used: int) -> tuple[float, list[str]]:
    """What to divide by where only some of a sample's bits are used: by the standard the highest, by some the lowest.

    Samples that use lower bits than the highest, and none too large for the lowest, are in the lowest.
    """
    scale = 0.5 ** (there - used)
    if not 0 < peak <= scale:
        return 1.0, []
    if all(np.array_equal(steps := block * 2.0 ** (used - 1), np.rint(steps)) for block in blocks()):
        return 1.0, [f"taken to be in the highest {used} of {there} bits, as it should be; it may be in the lowest"]
    return scale, [f"in the lowest {used} of {there} bits, multiplied by {1 / scale:,.0f}"]
