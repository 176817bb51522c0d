"""Classifiers on features: direct formulas, scikit-learn's relatives, votes, and what must not matter."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from music_adversaries import spectra
from music_adversaries.book import features
from music_adversaries.book.baselines import (
    ForestOnActivations,
    MFCCBaseline,
    MinimumMahalanobis,
    WindowVote,
    describe_all,
    majority,
)
from music_adversaries.errors import InputError
from music_adversaries.networks import DNN, Standardise, System


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def clouds(seed: int = 0, n: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Three classes with correlated features of very different scale."""
    rng = random(seed)
    mixing = np.array([[1, 0.8, 0], [0, 1, 0.3], [0, 0, 1]]) * [1, 10, 0.1]
    means = rng.normal(size=(3, 3)) @ mixing * 1.5
    return np.concatenate([rng.normal(size=(n, 3)) @ mixing + mean for mean in means]), np.repeat(["a", "b", "c"], n)


# --- minimum Mahalanobis distance ---


@pytest.mark.parametrize("options", [{}, {"covariance": "per_class"}, {"covariance": "per_class", "shrinkage": 0.3}])
def test_is_a_scikit_learn_estimator(options):
    check_estimator(MinimumMahalanobis(**options), on_skip=None)


@pytest.mark.parametrize("covariance", ["shared", "per_class"])
def test_distances_by_the_formula(covariance):
    X, y = clouds()
    model = MinimumMahalanobis(covariance, ridge=0.0).fit(X, y)
    centred = {c: X[y == c] - X[y == c].mean(0) for c in "abc"}
    pooled = sum(part.T @ part for part in centred.values()) / len(X)
    distances = model.squared_distances(X)
    for j, c in enumerate("abc"):
        S = pooled if covariance == "shared" else centred[c].T @ centred[c] / 20
        np.testing.assert_allclose(model.covariances_[j], S, rtol=1e-9)
        for i in (0, 30, 59):
            d = X[i] - X[y == c].mean(0)
            assert distances[i, j] == pytest.approx(d @ np.linalg.inv(S) @ d)
    assert (model.predict(X) == np.array(list("abc"))[distances.argmin(1)]).all()


def test_ridge_and_shrinkage_by_the_formula():
    X, y = clouds()
    X = X / X.std(0)  # so that scaling changes nothing
    centred = {c: X[y == c] - X[y == c].mean(0) for c in "abc"}
    pooled = sum(part.T @ part for part in centred.values()) / len(X)
    model = MinimumMahalanobis("per_class", ridge=0.2, shrinkage=0.25).fit(X, y)
    for j, c in enumerate("abc"):
        S = 0.75 * centred[c].T @ centred[c] / 20 + 0.25 * pooled + 0.2 * np.trace(pooled) / 3 * np.eye(3)
        np.testing.assert_allclose(model.covariances_[j], S, rtol=1e-9, atol=1e-12)


def test_full_shrinkage_is_the_shared_covariance():
    X, y = clouds()
    own = MinimumMahalanobis("per_class", shrinkage=1.0).fit(X, y)
    np.testing.assert_allclose(own.squared_distances(X), MinimumMahalanobis().fit(X, y).squared_distances(X))


def test_shared_covariance_is_linear_discriminant_analysis():
    """With equal classes and equal priors the two rules are the same."""
    X, y = clouds(1, n=50)
    lda = LinearDiscriminantAnalysis(solver="lsqr", priors=[1 / 3] * 3, store_covariance=True).fit(X, y)
    ours = MinimumMahalanobis(ridge=0.0).fit(X, y)
    np.testing.assert_allclose(ours.covariances_[0], lda.covariance_, rtol=1e-8)
    assert (ours.predict(X) == lda.predict(X)).all()
    # Not only the labels: differences of half the squared distance are differences of LDA's scores.
    half, scores = -ours.squared_distances(X) / 2, lda.decision_function(X)
    np.testing.assert_allclose(half - half[:, :1], scores - scores[:, :1], rtol=1e-6, atol=1e-8)


def test_per_class_covariance_is_quadratic_discriminant_analysis_but_for_the_determinant():
    X, y = clouds(2, n=50)
    X[y == "c"] *= 2
    qda = QuadraticDiscriminantAnalysis(priors=[1 / 3] * 3, store_covariance=True).fit(X, y)
    ours = MinimumMahalanobis("per_class", ridge=0.0).fit(X, y).squared_distances(X)
    determinants = np.array([np.linalg.slogdet(S)[1] for S in qda.covariance_])
    scores = qda.decision_function(X)
    expected = -(ours + determinants) / 2
    np.testing.assert_allclose(expected - expected[:, :1], scores - scores[:, :1], rtol=1e-6, atol=1e-6)


def test_per_class_covariance_sees_spread():
    """Nearer to one class, but fifteen of its deviations away."""
    rng = random(3)
    X = np.concatenate([rng.normal(0, 0.1, size=(200, 2)), rng.normal(5, 3, size=(200, 2))])
    y = np.repeat(["narrow", "wide"], 200)
    point = np.array([[1.5, 1.5]])
    assert MinimumMahalanobis("per_class").fit(X, y).predict(point)[0] == "wide"
    assert MinimumMahalanobis("shared").fit(X, y).predict(point)[0] == "narrow"


@pytest.mark.parametrize("covariance", ["shared", "per_class"])
def test_units_and_origin_of_a_feature_do_not_matter(covariance):
    X, y = clouds(4)
    model, scaled = MinimumMahalanobis(covariance, ridge=0.1), MinimumMahalanobis(covariance, ridge=0.1)
    units, origin = np.array([1e4, 1e-3, 7.0]), np.array([5.0, -1.0, 100.0])
    np.testing.assert_allclose(
        model.fit(X, y).squared_distances(X), scaled.fit(X * units + origin, y).squared_distances(X * units + origin)
    )


@pytest.mark.parametrize("covariance", ["shared", "per_class"])
def test_order_and_names_do_not_matter(covariance):
    X, y = clouds(5)
    predicted = MinimumMahalanobis(covariance).fit(X, y).predict(X)
    order = random(6).permutation(len(X))
    np.testing.assert_array_equal(MinimumMahalanobis(covariance).fit(X[order], y[order]).predict(X), predicted)
    names = {"a": "zydeco", "b": "blues", "c": "metal"}  # which sort in another order
    renamed = MinimumMahalanobis(covariance).fit(X, [names[c] for c in y]).predict(X)
    assert renamed.tolist() == [names[c] for c in predicted]


def test_a_class_of_one_example_and_features_that_do_not_vary():
    X, y = clouds(7)
    X = np.column_stack([X, np.full(len(X), 4.0)])
    X, y = np.vstack([X, X[0] + [50, 500, 5, 0]]), np.append(y, "one")
    for covariance in ("shared", "per_class"):
        model = MinimumMahalanobis(covariance).fit(X, y)
        assert np.isfinite(model.squared_distances(X)).all()
        assert model.predict(X[-1:])[0] == "one"
    # Its covariance is the ridge alone, so it claims nothing but its neighbourhood.
    assert "one" not in MinimumMahalanobis("per_class").fit(X, y).predict(X[:-1])


def test_one_example_a_class_is_the_nearest_mean_of_scaled_features():
    X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 100.0]])
    model = MinimumMahalanobis().fit(X, ["a", "b", "c"])
    assert model.predict([[0.1, 10.0], [0.9, 10.0], [0.1, 90.0]]).tolist() == ["a", "b", "c"]


def test_singular_covariances_without_a_ridge_are_refused():
    X, y = clouds(8)
    few, labels = X[[0, 1, *range(20, 60)]], y[[0, 1, *range(20, 60)]]  # two of class a, three features
    with pytest.raises(InputError, match="covariance of class a is singular"):
        MinimumMahalanobis("per_class", ridge=0.0).fit(few, labels)
    MinimumMahalanobis("per_class", ridge=0.0, shrinkage=0.1).fit(few, labels)
    with pytest.raises(InputError, match="covariance of all classes is singular"):
        MinimumMahalanobis(ridge=0.0).fit(np.column_stack([X, X[:, 0]]), y)


def test_equally_near_goes_to_the_first_class():
    model = MinimumMahalanobis().fit([[-1.0], [-3.0], [1.0], [3.0]], ["z", "z", "b", "b"])
    assert model.predict([[0.0]])[0] == "b"


@pytest.mark.parametrize("wrong", [{"covariance": "diagonal"}, {"ridge": -1}, {"ridge": np.nan}, {"shrinkage": 1.5}])
def test_options_are_checked(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        MinimumMahalanobis(**wrong).fit(np.eye(4), [0, 0, 1, 1])


# --- the vote ---


def test_majority():
    assert majority(["rock", "jazz", "rock"]) == "rock"
    assert majority(["rock", "jazz"]) == majority(["jazz", "rock"]) == "jazz"
    assert majority([3, 1, 3]) == 3 and isinstance(majority(np.array([3, 1, 3])), int)
    assert isinstance(majority(np.array(["a"])), str)
    with pytest.raises(InputError, match="no vote"):
        majority([])


def test_windows_vote_by_hand():
    """Nearest neighbour on a line: every window's vote is known."""
    vote = WindowVote(KNeighborsClassifier(1)).fit([[[0.0], [1.0]], [[10.0]], [[20.0], [21.0], [22.0]]], list("bca"))
    assert vote.classes_.tolist() == ["a", "b", "c"]
    excerpts = [
        [[0.0], [9.0], [11.0]],  # b c c
        [[0.0], [20.0]],  # b a: a tie
        [[9.0], [0.0]],  # c b: a tie
        [[22.0]],
    ]
    assert vote.predict(excerpts).tolist() == ["c", "a", "b", "a"]
    np.testing.assert_allclose(
        vote.predict_proba(excerpts), [[0, 1 / 3, 2 / 3], [1 / 2, 1 / 2, 0], [0, 1 / 2, 1 / 2], [1, 0, 0]]
    )
    assert vote.score(excerpts, ["c", "a", "b", "b"]) == 0.75
    assert vote.predict([]).shape == (0,)


def test_votes_do_not_depend_on_the_company():
    X, y = clouds(9)
    excerpts, labels = list(X.reshape(12, 5, 3)), y[::5]
    vote = WindowVote(MinimumMahalanobis()).fit(excerpts, labels)
    together = vote.predict(excerpts)
    assert [vote.predict([excerpt])[0] for excerpt in excerpts] == together.tolist()
    assert vote.predict(excerpts[::-1]).tolist() == together[::-1].tolist()
    assert vote.predict([excerpt[::-1] for excerpt in excerpts]).tolist() == together.tolist()
    assert [majority(vote.classifier_.predict(excerpt)) for excerpt in excerpts] == together.tolist()


def test_what_the_vote_refuses():
    vote = WindowVote(MinimumMahalanobis())
    with pytest.raises(NotFittedError):
        vote.predict([np.ones((1, 2))])
    for X, y, words in (
        ([np.ones((1, 2))], ["a", "b"], "1 excerpts and 2 labels"),
        ([], [], "no excerpt"),
        ([np.ones((1, 2)), np.ones((0, 2))], ["a", "b"], r"Excerpt 1 has the shape \[0, 2\]"),
        ([np.ones((1, 2)), np.ones((1, 3))], ["a", "b"], "Excerpt 1 has 3 features and not 2"),
    ):
        with pytest.raises(InputError, match=words):
            vote.fit(X, y)
    vote.fit([np.zeros((1, 2)), np.ones((1, 2))], ["a", "b"])
    with pytest.raises(InputError, match="Excerpt 0 has 3 features"):
        vote.predict([np.ones((1, 3))])


# --- the hand-crafted baseline ---


def tones_and_hiss() -> tuple[list[np.ndarray], list[str]]:
    t = np.arange(3 * 22_050) / 22_050
    tones = [(0.2 * np.sin(2 * np.pi * f * t)).astype(np.float32) for f in (220, 247, 262, 294, 330)]
    hiss = [random(i).normal(0, s, t.size).astype(np.float32) for i, s in enumerate((0.05, 0.07, 0.1, 0.12, 0.15))]
    return [*tones, *hiss], ["tone"] * 5 + ["hiss"] * 5


def test_baseline_tells_noise_from_tones():
    waves, labels = tones_and_hiss()
    learn = [0, 1, 2, 3, 5, 6, 7, 8]
    described = list(describe_all(dict(enumerate(waves))).values())
    assert described[0].shape == (1, 28)
    baseline = MFCCBaseline().fit([described[i] for i in learn], [labels[i] for i in learn])
    assert baseline.predict([described[4], described[9]]).tolist() == ["tone", "hiss"]
    # Waveforms do as well, and clones, and cross-validation.
    from_waves = clone(MFCCBaseline("per_class", ridge=0.1)).fit(waves, labels)
    assert from_waves.get_params() == {"covariance": "per_class", "ridge": 0.1, "shrinkage": 0.0}
    assert from_waves.score(waves, labels) == 1
    direct = MinimumMahalanobis("per_class", ridge=0.1).fit(np.concatenate(described), labels)
    np.testing.assert_array_equal(from_waves.vote_.classifier_.covariances_, direct.covariances_)
    assert cross_val_score(MFCCBaseline(), described, labels, cv=5).mean() == 1


def test_baseline_is_its_parts():
    """30 s are 11 windows of mean and variance; every window carries the label."""
    rng = random(10)
    waves = [rng.normal(0, s, 12 * 22_050).astype(np.float32) for s in (0.02, 0.03, 0.2, 0.3)]
    described = [MFCCBaseline.describe(wave) for wave in waves]
    frames = features.mfcc_and_zero_crossings(waves[0])
    assert len(described[0]) == 1 + (spectra.n_frames(12 * 22_050) - 215) // 107 == 3
    np.testing.assert_allclose(described[0][1], [*frames[107:322].mean(0), *frames[107:322].var(0)])
    labels = ["soft", "soft", "loud", "loud"]
    direct = MinimumMahalanobis().fit(np.concatenate(described), np.repeat(labels, 3))
    baseline = MFCCBaseline().fit(described, labels)
    assert baseline.predict(described).tolist() == [majority(direct.predict(windows)) for windows in described]


# --- the forest ---

BINS = 6
LABELS = ("low", "middle", "high")


def network(units: int = 5, seed: int = 0) -> DNN:
    """Weights a hundred times those of a fresh network, so that activations differ."""
    dnn = DNN(Standardise(torch.ones(BINS), torch.ones(BINS)), 3, units, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for layer in dnn.hidden:
            layer.weight.mul_(10)
    return dnn


def sequences(n: int = 24, seed: int = 0, noise: float = 1.0, n_frames: int = 40) -> tuple[list[np.ndarray], list[str]]:
    """Magnitudes ``[n_frames, 6]`` whose energy lies in two of six bins, according to the label."""
    rng = random(seed)
    made, labels = [], []
    for i in range(n):
        k = i % 3
        profile = np.ones(BINS)
        profile[2 * k : 2 * k + 2] += 1.5
        made.append(np.abs(profile + noise * rng.normal(size=(n_frames, BINS)) + noise * rng.normal(size=BINS)))
        labels.append(LABELS[k])
    return made, labels


def forest(**options) -> ForestOnActivations:
    return ForestOnActivations(network(), **{"window": 10, "hop": 5, "n_estimators": 15, "random_state": 0, **options})


@pytest.mark.parametrize(("layers", "numbers"), [(1, [0]), (2, [1]), (3, [2]), ("all", [0, 1, 2]), ((1, 3), [0, 2])])
def test_forest_by_the_formula(layers, numbers):
    """Forward pass, windows, rows and votes written out once more."""
    X, y = sequences()
    dnn = network()
    rows = []
    for magnitudes in X:
        x, outputs = (magnitudes - 1) * 1.0, []
        for layer in dnn.hidden:
            x = np.maximum(x @ layer.weight.detach().double().numpy().T + layer.bias.detach().double().numpy(), 0)
            outputs.append(x)
        blocks = [[output[s : s + 10] for s in range(0, 31, 5)] for output in (outputs[i] for i in numbers)]
        rows.append(
            np.hstack([np.array([[*block.mean(0), *block.std(0)] for block in of_layer]) for of_layer in blocks])
        )
    model = forest(layers=layers).fit(X, y)
    ours = [model.describe(magnitudes).matrix(layers) for magnitudes in X]
    np.testing.assert_allclose(ours, rows, atol=1e-5)
    # The forest itself is scikit-learn's, on these rows in the order of their content.
    order = sorted(range(len(X)), key=lambda i: ours[i][0].tolist())
    direct = RandomForestClassifier(15, random_state=0)
    direct.fit(np.concatenate([ours[i] for i in order]), np.repeat([y[i] for i in order], 7))
    unseen, _ = sequences(9, seed=1)
    expected = [sorted(Counter(direct.predict(model.describe(x).matrix(layers))).items()) for x in unseen]
    assert model.predict(unseen).tolist() == [max(votes, key=lambda vote: vote[1])[0] for votes in expected]
    shares = [[dict(votes).get(label, 0) / 7 for label in sorted(LABELS)] for votes in expected]
    np.testing.assert_allclose(model.predict_proba(unseen), shares)
    assert 0 < np.mean(np.array(shares) == 1) < 1  # the votes were not all unanimous


def test_forest_has_the_papers_size_by_default():
    model = ForestOnActivations(network())
    assert (model.n_estimators, model.layers, model.window, model.hop) == (500, "all", None, None)
    X, y = sequences(3, n_frames=430)
    model.set_params(n_estimators=3).fit(X, y)
    assert len(model.forest_.estimators_) == 3
    assert model.describe(X[0]).texture == (215, 107) and len(model.describe(X[0]).matrix()) == 3
    assert model.forest_.n_features_in_ == 3 * 2 * 5
    assert model.forest_.random_state == 1234


def test_forest_learns_what_can_be_learned_and_no_more():
    X, y = sequences(60, noise=0.4)
    unseen, truth = sequences(30, seed=1, noise=0.4)
    assert forest().fit(X, y).score(unseen, truth) > 0.9
    shuffled = random(0).permutation(y)
    assert forest().fit(X, shuffled).score(unseen, truth) < 0.7


def test_described_once_used_for_every_layer():
    X, y = sequences()
    unseen, _ = sequences(9, seed=1)
    described = [forest().describe(x) for x in X]
    for layers in (1, 2, 3, "all"):
        again = forest(layers=layers).fit(described, y)
        np.testing.assert_array_equal(
            again.predict_proba(unseen), forest(layers=layers).fit(X, y).predict_proba(unseen)
        )
    with pytest.raises(InputError, match="windows of 10 frames hopped by 5, not 12 and 6"):
        forest(window=12, hop=None).fit(described, y)
    with pytest.raises(InputError, match="layers is 'all'|some of 2|layers is 1"):
        forest(layers=1).fit([forest(layers=2).describe(x) for x in X], y)


def test_same_seed_same_forest_and_another_seed_another():
    X, y = sequences()
    unseen, _ = sequences(30, seed=1)
    first = forest().fit(X, y).forest_.predict_proba(forest().describe(unseen[0]).matrix())
    np.testing.assert_array_equal(forest(n_jobs=2).fit(X, y).predict(unseen), forest().fit(X, y).predict(unseen))
    again = forest().fit(X, y)
    np.testing.assert_array_equal(again.forest_.predict_proba(again.describe(unseen[0]).matrix()), first)
    other = forest(random_state=1).fit(X, y)
    assert (other.forest_.predict_proba(other.describe(unseen[0]).matrix()) != first).any()


def test_order_of_excerpts_does_not_matter():
    X, y = sequences()
    X, y = [*X, X[0]], [*y, "high"]  # a replica under another label
    unseen, _ = sequences(30, seed=1)
    expected = forest().fit(X, y).predict_proba(unseen)
    order = random(3).permutation(len(X))
    shuffled = forest().fit([X[i] for i in order], [y[i] for i in order])
    np.testing.assert_array_equal(shuffled.predict_proba(unseen), expected)
    np.testing.assert_array_equal(shuffled.predict_proba(unseen[::-1]), expected[::-1])


def test_names_of_labels_do_not_matter():
    X, y = sequences(noise=0.4)
    unseen, _ = sequences(30, seed=1, noise=0.4)
    model = forest().fit(X, y)
    predicted, shares = model.predict(unseen), model.predict_proba(unseen)
    for names in ({"high": "A", "low": "B", "middle": "C"}, {"high": 0, "low": 1, "middle": 2}):  # the same order
        renamed = forest().fit(X, [names[label] for label in y])
        assert renamed.predict(unseen).tolist() == [names[label] for label in predicted]
        np.testing.assert_array_equal(renamed.predict_proba(unseen), shares)
    names = {"high": "z", "low": "y", "middle": "x"}  # another order: only ties can differ
    renamed = forest(n_estimators=101).fit(X, [names[label] for label in y])
    expected = forest(n_estimators=101).fit(X, y)
    tied = (np.sort(expected.predict_proba(unseen), 1)[:, -2:] * [-1, 1]).sum(1) < 0.2
    assert not tied.all()
    same = renamed.predict(unseen) == [names[label] for label in expected.predict(unseen)]
    assert same[~tied].all()


def test_forest_is_a_scikit_learn_estimator():
    X, y = sequences(noise=0.4)
    model = forest(layers=2)
    copy = clone(model)
    assert copy.network is not model.network
    kept, copied = model.get_params(), copy.get_params()
    assert kept.pop("network") is model.network and copied.pop("network") is copy.network
    assert kept == copied and set(kept) > {"layers", "window", "hop", "n_estimators", "random_state", "n_jobs"}
    np.testing.assert_array_equal(copy.fit(X, y).predict(X), model.fit(X, y).predict(X))
    with pytest.raises(NotFittedError):
        forest().predict(X)
    assert cross_val_score(forest(), X, y, cv=3).mean() > 0.7
    search = GridSearchCV(forest(), {"layers": [1, "all"]}, cv=2).fit(X, y)
    assert search.best_params_["layers"] in (1, "all")


def test_forest_in_a_pipeline_and_on_waveforms():
    """The same labels from waveforms, from their magnitudes, and through a system."""
    bins = spectra.N_BINS
    dnn = DNN(Standardise(torch.zeros(bins), torch.ones(bins)), 2, 8, generator=torch.Generator().manual_seed(0))
    waves, labels = tones_and_hiss()
    options = {"window": 40, "n_estimators": 10, "random_state": 0}
    to_magnitudes = FunctionTransformer(lambda X: [spectra.magnitudes(torch.from_numpy(wave)) for wave in X])
    pipeline = make_pipeline(to_magnitudes, ForestOnActivations(dnn, **options))
    by_pipeline = clone(pipeline).fit(waves[1:], labels[1:]).predict_proba(waves)
    by_system = ForestOnActivations(System(dnn, ("hiss", "tone")), **options).fit(waves[1:], labels[1:])
    np.testing.assert_array_equal(by_pipeline, by_system.predict_proba(waves))
    assert by_system.predict(waves[:1]).tolist() == ["tone"]
    pipeline.set_params(forestonactivations__layers=3)
    assert pipeline[-1].layers == 3


def test_the_network_of_a_forest_is_not_changed():
    X, y = sequences()
    dnn = network().train()
    before = {name: value.clone() for name, value in dnn.state_dict().items()}
    ForestOnActivations(dnn, n_estimators=2).fit(X, y).predict(X)
    assert dnn.training and all(value.grad is None for value in dnn.parameters())
    assert all(torch.equal(before[name], value) for name, value in dnn.state_dict().items())


def test_what_the_forest_refuses():
    X, y = sequences(6)
    for options, words in (
        ({"layers": 4}, "layers is 4; choose 'all' or some of 1, 2, 3"),
        ({"n_estimators": 0}, "0 trees"),
        ({"window": 50, "short": "refuse"}, "excerpt 0 has 40 frames"),
        ({"window": -1}, "-1 frames"),
    ):
        with pytest.raises(InputError, match=words):
            forest(**options).fit(X, y)
    with pytest.raises(InputError, match="6 excerpts and 5 labels"):
        forest().fit(X, y[:5])
    with pytest.raises(InputError, match="no excerpt"):
        forest().fit([], [])
    with pytest.raises(InputError, match=r"excerpt 6 has the shape \[0, 6\]"):
        forest().fit([*X, X[0][:0]], [*y, "low"])
