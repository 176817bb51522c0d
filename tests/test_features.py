"""Features, texture windows and the minimum Mahalanobis distance, against direct formulas."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.estimator_checks import check_estimator

from music_adversaries import features, spectra
from music_adversaries.baselines import MFCCBaseline, MinimumMahalanobis, majority
from music_adversaries.errors import InputError

rng = np.random.default_rng(0)


def test_texture_windows_by_hand():
    x = np.arange(10.0)[:, None]
    out = features.texture_windows(x, window=4, hop=3)
    np.testing.assert_allclose(out[:, 0], [1.5, 4.5, 7.5])
    np.testing.assert_allclose(out[:, 1], np.std(np.arange(4)))
    assert features.texture_windows(x, window=4, hop=3, spread="var")[0, 1] == pytest.approx(1.25)
    assert features.texture_windows(x, window=99).shape == (1, 2)  # shorter than one window
    assert features.texture_frames() == 215
    with pytest.raises(InputError):
        features.texture_windows(x[:0])
    with pytest.raises(InputError):
        features.texture_windows(x, spread="range")


def test_mfcc_and_zero_crossings():
    t = np.arange(22_050) / 22_050
    sine = (0.3 * np.sin(2 * np.pi * 441 * t)).astype(np.float32)
    out = features.mfcc_and_zero_crossings(sine)
    assert out.shape == (spectra.n_frames(22_050), 14)
    # 441 Hz crosses zero 882 times a second.
    np.testing.assert_allclose(out[:, 13].mean(), 882 / 22_050, rtol=0.03)
    louder = features.mfcc_and_zero_crossings(2 * sine)
    # Loudness moves the first coefficient and no other (away from the floor of the logarithm).
    assert (louder[:, 0] > out[:, 0]).all()


def test_majority():
    assert majority(["rock", "jazz", "rock"]) == "rock"
    assert majority(["rock", "jazz"]) == "jazz"


def test_distances_by_the_formula():
    X, y = rng.normal(size=(60, 3)) * [1, 10, 0.1], np.repeat(["a", "b", "c"], 20)
    model = MinimumMahalanobis(ridge=0.0).fit(X, y)
    within = np.concatenate([X[y == c] - X[y == c].mean(0) for c in "abc"])
    precision = np.linalg.inv(within.T @ within / 60)
    for i in (0, 30, 59):
        for j, c in enumerate("abc"):
            d = X[i] - X[y == c].mean(0)
            assert model.squared_distances(X[i : i + 1])[0, j] == pytest.approx(d @ precision @ d)


def test_shared_covariance_is_linear_discriminant_analysis():
    """With equal priors the two rules are the same."""
    X = np.concatenate([rng.normal(m, 1, size=(50, 4)) for m in (0, 1, 2)])
    y = np.repeat([0, 1, 2], 50)
    ours = MinimumMahalanobis(ridge=0.0).fit(X, y).predict(X)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=[1 / 3] * 3).fit(X, y).predict(X)
    assert (ours == theirs).mean() > 0.98


def test_per_class_covariance_sees_spread():
    """Same mean, other spread: only a covariance a class can tell them apart at all."""
    X = np.concatenate([rng.normal(0, 0.1, size=(200, 2)), rng.normal(5, 3, size=(200, 2))])
    y = np.repeat(["narrow", "wide"], 200)
    point = np.array([[1.5, 1.5]])  # nearer to "narrow", but fifteen of its deviations away
    assert MinimumMahalanobis("per_class").fit(X, y).predict(point)[0] == "wide"
    assert MinimumMahalanobis("shared").fit(X, y).predict(point)[0] == "narrow"


def test_is_a_scikit_learn_estimator():
    check_estimator(MinimumMahalanobis())


def test_baseline_tells_noise_from_tones():
    t = np.arange(3 * 22_050) / 22_050
    tones = [(0.2 * np.sin(2 * np.pi * f * t)).astype(np.float32) for f in (220, 247, 262, 294, 330)]
    hiss = [rng.normal(0, s, t.size).astype(np.float32) for s in (0.05, 0.07, 0.1, 0.12, 0.15)]
    described = [MFCCBaseline.describe(w) for w in (*tones, *hiss)]
    labels = ["tone"] * 5 + ["hiss"] * 5
    learn = [0, 1, 2, 3, 5, 6, 7, 8]
    baseline = MFCCBaseline().fit([described[i] for i in learn], [labels[i] for i in learn])
    assert baseline.predict([described[4], described[9]]) == ["tone", "hiss"]


def test_covariance_is_checked():
    with pytest.raises(InputError, match="covariance"):
        MinimumMahalanobis("diagonal").fit(np.eye(4), [0, 0, 1, 1])
