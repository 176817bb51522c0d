"""Spectrograms of players: levels, colours and axes.

`spectrum.js` draws the same pictures in the browser, when there are too many to store.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from .clips import signed

WIDTH, HEIGHT = 480, 128  # pixels of a spectrogram
N_FFT = 2_048  # samples in a frame of the picture, 93 ms: long enough to show the bass
LOWEST_HZ = 50.0
DYNAMIC_RANGE_DB = 70
N_LEVELS = 64
# matplotlib's colour map "magma" (by Stéfan van der Walt and Nathaniel Smith, CC0): 256 colours as red, green and blue,
# written out here, since a player needs nothing else from matplotlib.
_MAGMA = (
    "AAADAAAEAAAGAQAHAQEJAQELAgINAgIPAwMRBAMTBAQVBQQXBgUZBwUbCAYdCQcfCgciCwgkDAkmDQooDgoqDwssEAwvEQwxEg0zFA01FQ44Fg46"
    "Fw88GA8/GhBBGxBEHBBGHhBJHxFLIBFNIhFQIxFSJRFVJhFXKBFZKhFcKxFeLRBgLxBiMBBlMhBnNBBoNQ9qNw9sOQ9uOw9vPA9xPg9yQA9zQg90"
    "Qw91RQ92Rw93SBB4ShB5SxB5TRF6TxF7UBJ7UhJ8UxN8VRN9VxR9WBV+WhV+WxZ+XRd+Xhd/YBh/YRh/Yxl/ZRqAZhqAaBuAaRyAaxyAbB2Abh6B"
    "bx6BcR+Bcx+BdCCBdiGBdyGBeSKBeiKBfCOBfiSBfySBgSWBgiWBhCaBhSaBhyeBiSiBiiiBjCmAjSmAjyqAkSqAkiuAlCuAlSyAlyx/mS1/mi1/"
    "nC5/ni5+ny9+oS9+ozB+pDB9pjF9pzF9qTJ8qzN8rDN7rjR7sDR7sTV6szV6tTZ5tjZ5uDd4uTd4uzh3vTl3vjl2wDp1wjp1wzt0xTx0xjxzyD1y"
    "yj5yyz5xzT9wzkBw0EFv0UJu00Jt1ENt1kRs10Vr2UZq2kdp3Ehp3Ulo3kpn4Etm4Uxm4k1l5E5k5VBj5lFi51Ji6FRh6lVg61Zg7Fhf7Vlf7lte"
    "7l1d715d8GBd8WFc8mNc82Vc82db9Ghb9Wpb9Wxb9m5b9nBb93Fb93Nc+HVc+Hdc+Xlc+Xtd+X1d+n9e+oBe+oJf+4Rg+4Zg+4hh+4pi/Ixj/I5j"
    "/JBk/JJl/JNm/ZVn/Zdo/Zlp/Ztq/Z1r/Z9s/aFu/aJv/aRw/qZx/qhz/qp0/qx1/q52/q94/rF5/rN7/rV8/rd9/rl//ruA/ryC/r6D/sCF/sKG"
    "/sSI/saJ/seL/smN/suO/c2Q/c+S/dGT/dKV/dSX/daY/dia/dqc/dyd/d2f/d+h/eGj/OOl/OWm/Oao/Oiq/Oqs/Oyu/O6w/PCx/PGz/PO1/PW3"
    "+/e5+/m7+/q9+/y/"
)


def spectrogram(waveform: npt.NDArray[np.floating], rate: int) -> npt.NDArray[np.float64]:
    """Levels in dB relative to a full-scale sine ``[HEIGHT, WIDTH]``, low frequencies first."""
    window = np.hanning(N_FFT)
    padded = np.pad(waveform.astype(np.float64), N_FFT // 2)
    centres = (np.arange(WIDTH) + 0.5) * len(waveform) / WIDTH
    frames = padded[centres.astype(int)[:, None] + np.arange(N_FFT)] * window
    power = np.abs(np.fft.rfft(frames) * 2 / window.sum()) ** 2
    return 10 * np.log10(np.maximum(power @ _bands(rate).T, 1e-20)).T


@cache
def _bands(rate: int) -> npt.NDArray[np.float64]:
    """Weights ``[HEIGHT, n_bins]`` that gather power in bands of equal width on a logarithmic axis.

    A sine shows its own level in a band of any width. The bins of a wide band are added up and divided
    by the 1.5 bins over which a Hann window spreads a sine. A narrow band takes the bins around it.
    """
    edges = LOWEST_HZ * (rate / 2 / LOWEST_HZ) ** (np.arange(HEIGHT + 1) / HEIGHT) * N_FFT / rate  # in bins
    widths = np.diff(edges)
    bins = np.arange(N_FFT // 2 + 1)
    # Each band is sampled finely, with linear interpolation between bins: narrow bands in the bass come out smooth.
    positions = edges[:-1, None] + widths[:, None] * (np.arange(64) + 0.5) / 64
    weights = np.stack([np.maximum(0, 1 - np.abs(band[:, None] - bins)).mean(axis=0) for band in positions])
    return weights * np.maximum(1.0, widths / 1.5)[:, None]


def scale_of(loudest_db: float) -> tuple[int, int]:
    """The ends of the colour scale in dB; the upper one is the next multiple of ten above the loudest point."""
    top = 10 * math.ceil(loudest_db / 10)
    return top - DYNAMIC_RANGE_DB, top


def axes(
    seconds: float, rate: int, scale: tuple[int, int], n_colours: int
) -> dict[str, list[tuple[str, float]] | list[str]]:
    """What a player writes around its pictures: ticks and their positions, the ends of the scale, and its colours."""
    return {
        "time": list(time_ticks(seconds)),
        "frequency": list(frequency_ticks(rate)),
        "scale": [signed(end) for end in scale],
        "colours": ["#" + colour.tobytes().hex() for colour in palette(n_colours)],
    }


def described(name: str, seconds: float, rate: int, scale: tuple[int, int]) -> str:
    """A picture in words."""
    return (
        f"Spectrogram of {name}: {seconds:.1f} s across, {LOWEST_HZ:.0f} Hz to {rate / 2000:.1f} kHz upwards "
        f"(logarithmic), colour from {signed(scale[0])} to {signed(scale[1])} dB of a full-scale sine"
    )


def png(level: npt.NDArray[np.float64], bottom: float, top: float) -> bytes:
    """A picture of levels ``[HEIGHT, WIDTH]`` in ``N_LEVELS`` colours from bottom to top."""
    steps = np.clip(np.rint((level - bottom) / (top - bottom) * (N_LEVELS - 1)), 0, N_LEVELS - 1)
    image = Image.fromarray(steps[::-1].astype(np.uint8))
    image.putpalette(palette(N_LEVELS).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()


def palette(n_colours: int) -> npt.NDArray[np.uint8]:
    """Red, green and blue ``[n_colours, 3]``, from the quietest to the loudest."""
    colours = np.frombuffer(base64.b64decode(_MAGMA), np.uint8).reshape(-1, 3)
    # The same choice among its colours that matplotlib makes.
    chosen = np.minimum(np.linspace(0, 1, n_colours) * len(colours), len(colours) - 1)
    return colours[chosen.astype(int)]


def time_ticks(seconds: float) -> Iterator[tuple[str, float]]:
    """Labels and their positions, as fractions of the axis."""
    step = next(s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if seconds / s <= 7 or s == 5.0)
    for i in range(int(seconds / step + 1e-9) + 1):
        yield f"{i * step:g}", round(i * step / seconds, 4)


def frequency_ticks(rate: int) -> Iterator[tuple[str, float]]:
    """Labels in Hz and their positions, as fractions of the axis."""
    names: Mapping[str, float] = {"100": 100, "200": 200, "500": 500, "1k": 1000, "2k": 2000, "5k": 5000, "10k": 10000}
    for name, hertz in names.items():
        if hertz < rate / 2:
            yield name, round(math.log(hertz / LOWEST_HZ) / math.log(rate / 2 / LOWEST_HZ), 4)
