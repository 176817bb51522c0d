"""The soft forest: differentiable, and the real forest in the limit; and the way from magnitudes to the forest."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier

from music_adversaries import adversary, spectra
from music_adversaries.adversary import Algorithm1, Budget, gradients
from music_adversaries.adversary.model import Model
from music_adversaries.book import features
from music_adversaries.book.baselines import ForestOnActivations
from music_adversaries.book.baselines.soft_forest import AwareForest, SoftForest, mean_and_std
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, Standardise, System
from small_system import LABELS, recording, system

WINDOW, HOP = 20, 10  # frames; the small recordings have 63


def loss_gradient(network, magnitudes, targets, valid):
    """The gradient, and the posterior of the targets."""
    rows = Model(network, [str(i) for i in range(network.n_labels)]).rows_of_magnitudes
    gradient, posterior, _ = gradients.loss_gradient(rows, magnitudes, targets, valid)
    return gradient, posterior.gather(1, targets[:, None])[:, 0]


def blobs(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three overlapping classes in five features of very different scale ``[3 * n, 5]``."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, 5))
    x = np.concatenate([centre + 0.8 * rng.normal(size=(n, 5)) for centre in centres])
    return (x * [1, 10, 100, 0.1, 0.01]).astype(np.float32), np.repeat(["a", "b", "c"], n)


@lru_cache(maxsize=1)
def small_forest() -> tuple[RandomForestClassifier, np.ndarray]:
    x, y = blobs()
    return RandomForestClassifier(20, random_state=0).fit(x, y), x


def far_from_thresholds(forest: RandomForestClassifier, x: np.ndarray, margin: float) -> np.ndarray:
    """Rows that no split of the forest has within ``margin`` standard deviations."""
    spread = x.std(0)
    clear = np.ones(len(x), bool)
    for tree in (estimator.tree_ for estimator in forest.estimators_):
        inner = tree.children_left >= 0
        feature, threshold = tree.feature[inner], tree.threshold[inner]
        clear &= (np.abs(x[:, feature] - threshold) > margin * spread[feature]).all(1)
    return clear


# --- the soft forest ---


def test_a_stump_by_hand():
    """One split at 0.5 between one a and one b, whose standard deviation is 0.5: left with sigmoid((0.5 - x) / 0.1)."""
    x = np.array([[0.0], [1.0]])
    forest = RandomForestClassifier(1, bootstrap=False, random_state=0).fit(x, ["a", "b"])
    at = torch.tensor([[0.3], [0.5], [0.9]])
    left = torch.sigmoid((0.5 - at) / (0.2 * 0.5))
    torch.testing.assert_close(SoftForest(forest, x, 0.2)(at), torch.cat([left, 1 - left], 1))


def test_cold_it_is_the_forest():
    forest, x = small_forest()
    unseen, _ = blobs(seed=1)
    clear = far_from_thresholds(forest, unseen, 1e-4)
    assert clear.sum() > 50
    soft = SoftForest(forest, x, 1e-6)(torch.from_numpy(unseen[clear]))
    np.testing.assert_allclose(soft.numpy(), forest.predict_proba(unseen[clear]), atol=1e-5)


def test_the_error_shrinks_with_the_temperature():
    forest, x = small_forest()
    unseen, _ = blobs(seed=1)
    hard = forest.predict_proba(unseen)
    errors = [np.abs(SoftForest(forest, x, t)(torch.from_numpy(unseen)).numpy() - hard).mean() for t in (1, 0.1, 0.01)]
    assert errors == sorted(errors, reverse=True) and errors[0] > 10 * errors[2]


@pytest.mark.parametrize("temperature", [1e-6, 0.1, 10.0])
def test_probabilities_sum_to_one_also_far_outside(temperature):
    forest, x = small_forest()
    far = torch.from_numpy(np.concatenate([x, 1e6 * x]))
    posterior = SoftForest(forest, x, temperature)(far)
    assert (posterior >= 0).all()
    torch.testing.assert_close(posterior.sum(-1), torch.ones(len(far)))


def test_hot_it_forgets_what_it_is_asked():
    forest, x = small_forest()
    posterior = SoftForest(forest, x, 1e6)(torch.from_numpy(x))
    torch.testing.assert_close(posterior, posterior[:1].expand_as(posterior), atol=1e-4, rtol=0)


def test_the_scale_of_a_feature_does_not_matter():
    x, y = blobs()
    scale = np.array([1, 4, 0.25, 8, 2], dtype=np.float32)  # powers of two: nothing is rounded
    one, other = (RandomForestClassifier(5, random_state=0).fit(data, y) for data in (x, x * scale))
    ours = SoftForest(one, x, 0.3)(torch.from_numpy(x))
    torch.testing.assert_close(SoftForest(other, x * scale, 0.3)(torch.from_numpy(x * scale)), ours)


def test_gradient_by_finite_differences():
    """In float64, and in units of each feature's spread: their scales differ by four orders of magnitude."""
    forest, x = small_forest()
    soft, scale = SoftForest(forest, x, 0.5).double(), torch.from_numpy(x.std(0)).double()
    at = (torch.from_numpy(blobs(seed=2)[0][::40]) / scale).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda units: soft(units * scale), (at,), eps=1e-6, atol=1e-7)
    assert torch.autograd.grad(soft(at * scale)[:, 0].sum(), at)[0].abs().max() > 0.01


def test_leading_dimensions_are_kept():
    forest, x = small_forest()
    soft = SoftForest(forest, x, 0.1)
    several = torch.from_numpy(x[:24]).reshape(2, 3, 4, 5)
    torch.testing.assert_close(soft(several).reshape(24, 3), soft(several.reshape(24, 5)))


def test_trees_without_a_split_count_too():
    """A tree that drew one class only is a leaf."""
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array(["a", "a", "b"])
    forest = RandomForestClassifier(30, random_state=0).fit(x, y)
    counts = {estimator.tree_.node_count for estimator in forest.estimators_}
    assert 1 in counts and len(counts) > 1
    at = np.array([[0.2], [1.9]])
    soft = SoftForest(forest, x, 1e-6)(torch.from_numpy(at).float())
    np.testing.assert_allclose(soft.numpy(), forest.predict_proba(at), atol=1e-6)


@pytest.mark.parametrize("change", [{"temperature": 0.0}, {"temperature": float("nan")}, {"windows": np.zeros((3, 4))}])
def test_refuses_what_makes_no_sense(change):
    forest, x = small_forest()
    with pytest.raises(InputError):
        SoftForest(forest, **({"windows": x} | change))


# --- texture windows ---


def test_mean_and_std_by_numpy_and_safe_where_nothing_varies():
    x = torch.randn(2, 3, 4, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[0, 0, 0] = 1.5
    x.requires_grad_(True)
    summary = mean_and_std(x)
    expected = np.concatenate([x.detach().numpy().mean(-1), x.detach().numpy().std(-1)], axis=-1)
    np.testing.assert_allclose(summary.detach().numpy(), expected, atol=1e-12)
    (gradient,) = torch.autograd.grad(summary[..., 4:].sum(), x)
    assert torch.isfinite(gradient).all() and (gradient[0, 0, 0] == 0).all()
    # No direction changes a standard deviation faster than 1 / sqrt(7), however small it is.
    tiny = (1e-12 * x.detach()).requires_grad_(True)
    (gradient,) = torch.autograd.grad(mean_and_std(tiny)[..., 4:].sum(), tiny)
    assert (torch.linalg.vector_norm(gradient, dim=-1) <= 1 / np.sqrt(7) + 1e-9).all()


# --- from magnitudes ---


def magnitudes(label: str, seed: int, seconds: float = 1.5) -> torch.Tensor:
    return spectra.magnitudes(torch.from_numpy(recording(label, seed, seconds)))


@lru_cache(maxsize=4)
def fitted(layers="all", order: tuple[str, ...] = LABELS) -> tuple[AwareForest, ForestOnActivations, System]:
    """A forest on the small network, and the aware network over it, whose labels come in that order."""
    trained = system()
    forest = ForestOnActivations(trained, layers, window=WINDOW, hop=HOP, n_estimators=50)
    excerpts = [magnitudes(label, seed).numpy() for label in LABELS for seed in range(8)]
    described = [forest.describe(excerpt) for excerpt in excerpts]
    forest.fit(described, np.repeat(LABELS, 8))
    windows = np.concatenate([one.matrix(layers) for one in described])
    named = System(trained.network, order)
    return AwareForest(named, forest, windows, 0.3), forest, named


@pytest.mark.parametrize("layers", ["all", 2, (1, 3)])
@pytest.mark.parametrize("seconds", [1.5, 0.6, 0.3])
def test_windows_are_those_of_the_forest(layers, seconds):
    """Also of excerpts that end within a window, and of those shorter than one."""
    aware, forest, _ = fitted(layers)
    x = magnitudes("even", 90, seconds)
    expected = forest.describe(x.numpy()).matrix(layers)
    np.testing.assert_allclose(aware.windows(x).detach().numpy(), expected, atol=2e-6)
    batch = aware.windows(torch.stack([magnitudes("dark", 91, seconds), x]))
    np.testing.assert_allclose(batch[1].detach().numpy(), expected, atol=2e-6)


def test_windows_of_a_network_on_slices():
    x = 5 * torch.rand(12, 32, generator=torch.Generator().manual_seed(1))
    network = CDNN(
        Standardise.fit(x),
        3,
        4,
        n_frames=10,
        n_filters=2,
        kernels=((2, 5), (2, 2)),
        hop=3,
        generator=torch.Generator().manual_seed(0),
    )
    for weight in (network.weight1, network.weight2, network.dense.weight):
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(2))
    for bias in (network.bias1, network.bias2, network.dense.bias):
        torch.nn.init.constant_(bias, 2.0)  # so that no unit is silent
    x = 5 * torch.rand(2, 64, 32, generator=torch.Generator().manual_seed(3))
    described = [features.activation_windows(network, one.numpy(), layers=(2, 3), window=20, hop=10) for one in x]
    labels = ["a", "b"]
    forest = ForestOnActivations(network, (2, 3), window=20, hop=10, n_estimators=3).fit(described, labels)
    matrices = [one.matrix((2, 3)) for one in described]
    aware = AwareForest(System(network, ("a", "b")), forest, np.concatenate(matrices))
    assert matrices[0].std() > 0
    np.testing.assert_allclose(aware.windows(x).detach().numpy(), np.stack(matrices), rtol=1e-4, atol=1e-5)


def test_labels_are_in_the_order_of_the_system():
    """LABELS are not in sorted order, as the forest's classes are; a label that it never saw gets only the floor."""
    assert list(LABELS) != sorted(LABELS)
    order = ("even", "unheard", "bright", "dark")
    aware, forest, named = fitted("all", order)
    hard = AwareForest(named, forest, np.concatenate([forest.describe(magnitudes("dark", 0).numpy()).matrix()]), 1e-6)
    x = magnitudes("bright", 92)
    posterior = torch.softmax(hard(x), -1).detach().numpy()
    expected = forest.forest_.predict_proba(forest.describe(x.numpy()).matrix())
    for column, label in enumerate(forest.classes_):
        np.testing.assert_allclose(posterior[:, order.index(label)], expected[:, column], atol=0.03)
    assert (posterior[:, 1] < 2e-6).all()


def test_a_class_that_is_no_label_is_refused():
    _, forest, _ = fitted()
    with pytest.raises(InputError, match="dark"):
        AwareForest(System(system().network, ("even", "bright", "loud")), forest, np.zeros((2, 96)))


def test_a_network_without_activations_is_refused():
    _, forest, _ = fitted()
    with pytest.raises(InputError, match="Linear has no activations"):
        AwareForest(System(torch.nn.Linear(32, 3), LABELS), forest, np.zeros((2, 96)))


def test_gradient_from_magnitudes_by_finite_differences():
    aware, _, _ = fitted()
    x = magnitudes("even", 93)[:45].double()[None]
    targets, valid = torch.tensor([2]), torch.ones(1, 45, dtype=torch.float64)
    aware.double()
    try:
        gradient, _ = loss_gradient(aware, x, targets, valid)
        strongest = gradient.abs().flatten().argsort(descending=True)[:200:50]

        def loss(v):
            return -torch.log_softmax(aware(v), -1)[0, :, 2].sum().item()

        for place in strongest:
            h = torch.zeros_like(x)
            h.view(-1)[place] = 1e-6
            expected = (loss(x + h) - loss(x - h)) / 2e-6
            assert gradient.flatten()[place].item() == pytest.approx(expected, rel=1e-3)
    finally:
        aware.float()


def test_steps_along_the_gradient_raise_the_target():
    aware, _, _ = fitted()
    x = magnitudes("dark", 94)[None]
    targets, valid = torch.tensor([LABELS.index("bright")]), torch.ones(x.shape[:2])
    z, trace = x, []
    for _ in range(10):
        gradient, posterior = loss_gradient(aware, z, targets, valid)
        trace.append(posterior.item())
        z = (z - 0.02 * torch.linalg.vector_norm(x) * gradient / torch.linalg.vector_norm(gradient)).clamp_min(0.0)
    assert trace[-1] > trace[0] + 0.2
    assert trace == sorted(trace)


def test_algorithm_1_reaches_the_real_forest_through_the_soft_one():
    aware, forest, named = fitted()
    waveforms = [recording(label, 95) for label in LABELS]
    targets = ["bright", "dark", "dark"]
    assert all(forest.predict(waveforms) != targets)
    model, budget, method = System(aware, named.labels), Budget(snr=10.0), Algorithm1(step=30.0)
    results = adversary.attack(model, waveforms, targets, budget, method=method)
    assert all(result.snr_magnitude >= 10.0 for result in results)
    assert forest.predict([result.waveform for result in results]).tolist() == targets


def test_padding_counts_no_window_that_it_reaches():
    aware, _, _ = fitted()
    valid = torch.ones(2, 63)
    valid[1, 45:] = 0
    assert aware.valid_rows(valid).tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    long, short = magnitudes("even", 96), magnitudes("even", 97)
    short[45:] = 0
    alone, posterior = loss_gradient(aware, short[None, :45], torch.tensor([0]), torch.ones(1, 45))
    both, posteriors = loss_gradient(aware, torch.stack([long, short]), torch.tensor([1, 0]), valid)
    torch.testing.assert_close(both[1, :45], alone[0], atol=1e-6, rtol=1e-3)
    torch.testing.assert_close(posteriors[1], posterior[0])
    assert (both[1, 45:] == 0).all()


def test_padding_to_less_than_a_window_is_refused():
    aware, _, _ = fitted()
    valid = torch.ones(2, 63)
    valid[1, WINDOW - 1 :] = 0
    with pytest.raises(InputError, match="batch_size=1"):
        aware.valid_rows(valid)
    short = torch.ones(1, WINDOW - 1)
    assert aware.valid_rows(short).tolist() == [[1.0]]  # alone it is one window


def test_the_network_is_left_as_it_was():
    aware, _, named = fitted()
    named.network.train()
    try:
        aware(magnitudes("dark", 98))
        assert named.network.training
    finally:
        named.network.eval()
