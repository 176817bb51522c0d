"""An artist's production fingerprint, and how it is applied to audio.

This is the confound of the dataset: equaliser, band limits, room, noise, loudness and saturation identify
the artist who recorded an excerpt, and say nothing about its genre. A classifier that learns them does well on
a random partition and badly on an artist-filtered one. Paper: Section 2.4. Notebook: book/02_partitions.ipynb

A fingerprint is a point in a latent space of independent standard normal numbers. `Production.from_latent`
turns it into physical parameters. Scaling the point scales the fingerprint; 0 is the neutral production
that all artists share at ``production_strength=0``. Mixing a genre's point into an artist's point correlates
fingerprints with genre, while the distribution of all fingerprints stays the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.interpolate import CubicSpline
from scipy.signal import lfilter
from scipy.special import ndtr

from .randomness import generator

SAMPLE_RATE = 22050
PEAK = 0.95  # no sample of an excerpt lies above it

EQUALISER_HZ = (60.0, 130.0, 280.0, 600.0, 1300.0, 2800.0, 5500.0, 10000.0)
EQUALISER_DB = 3.0  # standard deviation of each gain over artists

# The SoundFont is duller than commercial recordings. The master of every artist lifts the highs by the
# same curve: this many dB an octave above this frequency, over this many octaves.
LIFT_DB, LIFT_FROM_HZ, LIFT_OCTAVES = 3.0, 700.0, 3.0

# Population of each other parameter: its 0 %, 50 % and 100 % points. 50 % is the neutral production.
RANGES = {
    "low_pass_hz": (4500.0, 8500.0, 10900.0),
    "high_pass_hz": (15.0, 40.0, 180.0),
    "reverb_s": (0.15, 0.5, 1.6),
    "reverb_db": (-36.0, -20.0, -8.0),
    "noise_db": (-62.0, -45.0, -30.0),
    "noise_db_per_octave": (-6.0, -3.0, 0.0),
    "loudness_dbfs": (-22.0, -17.0, -13.0),
    "drive_db": (-6.0, 0.0, 6.0),
}
LATENT_SIZE = len(EQUALISER_HZ) + len(RANGES)


@dataclass(frozen=True)
class Production:
    """How an artist's recordings sound, whatever is played.

    Attributes
    ----------
    equaliser_db
        Gains (dB) at `EQUALISER_HZ`, joined by a smooth curve over log frequency.
    low_pass_hz, high_pass_hz
        Band limits (-3 dB points).
    reverb_s, reverb_db
        Time in which the room decays by 60 dB (s), and its level below the direct sound (dB).
    noise_db, noise_db_per_octave
        Level of the noise floor relative to the music (dB), and the slope of its spectrum.
    loudness_dbfs
        RMS of an excerpt relative to full scale; peaky excerpts come out quieter rather than clipped.
    drive_db
        How hard the mix is pushed into a soft limiter.
    """

    equaliser_db: tuple[float, ...]
    low_pass_hz: float
    high_pass_hz: float
    reverb_s: float
    reverb_db: float
    noise_db: float
    noise_db_per_octave: float
    loudness_dbfs: float
    drive_db: float

    @classmethod
    def from_latent(cls, latent: np.ndarray) -> Production:
        """Production at a point of the latent space, shape ``[LATENT_SIZE]``; zeros are the neutral production."""
        gains, rest = np.split(np.asarray(latent, dtype=float), [len(EQUALISER_HZ)])
        quantiles = ndtr(rest)
        values = {
            name: round(float(np.interp(q, (0, 0.5, 1), points)), 4)
            for q, (name, points) in zip(quantiles, RANGES.items(), strict=True)
        }
        equaliser = tuple(round(float(g), 4) for g in np.clip(gains * EQUALISER_DB, -20, 20))
        return cls(equaliser_db=equaliser, **values)

    def response(self, frequencies_hz: np.ndarray) -> np.ndarray:
        """Gain (linear) of equaliser, common lift and band limits at each frequency; same shape as the argument."""
        frequencies = np.maximum(np.asarray(frequencies_hz, dtype=float), 1.0)
        octaves, points = np.log2(frequencies), np.log2(EQUALISER_HZ)
        # Beyond the outer points the curve is constant, since a spline would diverge there.
        db = CubicSpline(points, self.equaliser_db, bc_type="natural")(np.clip(octaves, points[0], points[-1]))
        db += LIFT_DB * np.clip(octaves - np.log2(LIFT_FROM_HZ), 0, LIFT_OCTAVES)
        # Squares of squares: a power takes twice as long, and there are 100,000 frequencies.
        low_pass = np.square(np.square(np.square(frequencies / self.low_pass_hz)))
        high_pass = np.square(np.square(self.high_pass_hz / frequencies))
        return _gain(db) / np.sqrt((1 + low_pass) * (1 + high_pass))


NEUTRAL = Production.from_latent(np.zeros(LATENT_SIZE))


def latent_fingerprint(seed: int, artist_number: int) -> np.ndarray:
    """The artist's point in the latent space, shape ``[LATENT_SIZE]``. It does not depend on the artist's genre."""
    return generator(seed, "production of artist", artist_number).standard_normal(LATENT_SIZE)


def fingerprint(
    seed: int, artist_number: int, genre: str, strength: float = 1.0, genre_correlation: float = 0.0
) -> Production:
    """An artist's production.

    Parameters
    ----------
    strength
        Scales the fingerprint; 0 is neutral, 1 the full population.
    genre_correlation
        Correlation of fingerprints within a genre: at 0 ``genre`` plays no part, at 1 a genre's
        artists share one fingerprint.
    """
    latent = latent_fingerprint(seed, artist_number)
    if genre_correlation:
        shared = generator(seed, "production of genre", genre).standard_normal(LATENT_SIZE)
        # Square roots keep the variance at 1, so the population stays the same at every correlation.
        latent = np.sqrt(genre_correlation) * shared + np.sqrt(1 - genre_correlation) * latent
    return Production.from_latent(strength * latent)


def produce(
    dry: np.ndarray,
    production: Production,
    start: int,
    n_samples: int,
    rng: np.random.Generator,
    level_from: int | None = None,
) -> np.ndarray:
    """Apply a production to a dry recording and cut the excerpt out of it.

    Parameters
    ----------
    dry
        float array ``[n]`` at 22,050 Hz; the part before ``start`` is heard as the excerpt's echoes.
    start, n_samples
        The excerpt, in samples of ``dry``.
    rng
        Draws the noise floor.
    level_from
        Start of the part whose level sets the limiter, if not ``start``: two parts of one performance are
        one recording only if the limiter is set in the same way.

    Returns
    -------
    numpy.ndarray
        float32 ``[n_samples]``, every value a multiple of 1/32768, with absolute value at most `PEAK`.
    """
    excerpt = slice(start, start + n_samples)
    # The limiter gets every piece at the same level, so that the drive means the same for each.
    level_from = start if level_from is None else level_from
    level = _rms(dry[level_from : level_from + n_samples])
    pushed = 10 ** (production.drive_db / 20) * 0.25 / max(level, 1e-9)
    limited = np.tanh(dry * pushed)

    n_fft = next_fast_len(len(dry) + int(production.reverb_s * SAMPLE_RATE), real=True)
    frequencies = np.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE)
    room = 1 + 10 ** (production.reverb_db / 20) * rfft(_room(production.reverb_s), n_fft)
    wet = irfft(rfft(limited, n_fft) * production.response(frequencies) * room, n_fft)[excerpt]

    wet = wet / max(_rms(wet), 1e-9)
    wet = wet + 10 ** (production.noise_db / 20) * _noise(production.noise_db_per_octave, n_samples, rng)
    wet = wet * 10 ** (production.loudness_dbfs / 20)
    wet = wet * min(1.0, PEAK / np.abs(wet).max())
    return (np.round(wet * 32768) / 32768).astype(np.float32)


def _rms(waveform: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(waveform))))


@lru_cache(maxsize=4)
def _room(seconds: float) -> np.ndarray:
    """Impulse response of a room: noise that decays, with unit energy. One room for all artists, in different sizes."""
    n = max(int(seconds * SAMPLE_RATE), 1)
    noise = generator("room").standard_normal(n)
    decay = 10 ** (-3 * np.arange(n) / n)
    response = lfilter([0.5], [1, -0.5], noise) * decay  # walls absorb the treble first
    response[: int(0.008 * SAMPLE_RATE)] = 0  # before the first reflection
    return response / np.sqrt(np.sum(response**2))


def _noise(db_per_octave: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit RMS whose spectrum falls by ``db_per_octave`` above 50 Hz."""
    spectrum = rfft(rng.standard_normal(n))
    coloured = irfft(spectrum * _gain(db_per_octave * _octaves_above_50_hz(n)), n)
    return coloured / _rms(coloured)


@lru_cache(maxsize=2)
def _octaves_above_50_hz(n: int) -> np.ndarray:
    return np.log2(np.maximum(np.fft.rfftfreq(n, 1 / SAMPLE_RATE), 50) / 50)


def _gain(db: np.ndarray) -> np.ndarray:
    """``10 ** (db / 20)``, in half the time."""
    return np.exp(db * (np.log(10) / 20))
