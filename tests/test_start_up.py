"""Each command imports only what it needs: a command that prints one sentence does not wait for PyTorch."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import os
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
import torch
from click.testing import CliRunner

import small_music
import small_system
from music_adversaries import audio, cli
from music_adversaries.audition import pictures
from music_adversaries.book import datasets, harness
from music_adversaries.book.datasets import fingerprints
from music_adversaries.book.harness import kept, systems
from music_adversaries.cache import cache_dir
from music_adversaries.networks import System
from refresh import ROOT

LIBRARY = ROOT / "lib" / "music_adversaries"
# The packages whose modules are imported on first use.
LAZY = ("adversary", "audition", "book.claims", "book.datasets", "book.harness", "book.partitions")

# What may be imported besides the standard library and this one.
SHELL = {"click"}
ARRAYS = {"numpy"}
SOUND = ARRAYS | {"soundfile", "_soundfile", "_soundfile_data", "cffi", "_cffi_backend", "soxr", "typing_extensions"}
FILES = {"platformdirs"}
PROGRESS = {"tqdm"}
TABLES = {"pandas", "dateutil", "six", "pytz", "tzdata", "pyarrow", "numexpr", "bottleneck"}
LEDGER = {"yaml", "_yaml"}
SPARSE = {"scipy", "charset_normalizer"}  # which replicas belong together
SYNTHESISER = {"midirenderer", "pretty_midi", "mido", "packaging", "importlib_resources"}
PICTURES = {"PIL"}
# Where packages are installed.
HOMES = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}


def loaded(code: str, folder: Path | None = None, **environment: str) -> set[str]:
    """The installed packages of which a fresh interpreter has imported something once it has run some code.

    By the files they came from: compiled modules of a package may call themselves anything.
    """
    report = (
        "import json, sys\n"
        "files = [getattr(module, '__file__', None) for module in list(sys.modules.values())]\n"
        "sys.stderr.write('LOADED' + json.dumps([file for file in files if file]))"
    )
    command = [sys.executable, "-c", f"try:\n{_indented(code)}\nfinally:\n{_indented(report)}"]
    done = subprocess.run(
        command, cwd=folder or ROOT, env=_environment() | environment, capture_output=True, text=True, timeout=300
    )
    output, _, files = done.stderr.rpartition("LOADED")
    assert "Traceback" not in output and files, done.stderr
    inside = [
        Path(file).relative_to(home)
        for file in json.loads(files.splitlines()[0])
        for home in HOMES
        if Path(file).is_relative_to(home)
    ]
    return {path.parts[0].partition(".")[0] for path in inside}


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.splitlines())


def _environment() -> dict[str, str]:
    paths = [str(LIBRARY.parent), os.environ.get("PYTHONPATH", "")]
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


@cache
def before() -> frozenset[str]:
    """What an interpreter has imported when it starts, such as what helps it find editable installations."""
    return frozenset(loaded("pass"))


@cache
def with_torch() -> frozenset[str]:
    return frozenset(loaded("import torch"))


def command(*words: object) -> str:
    """Code that does what the command does in a shell; a refusal is a failure, an attack without success is none."""
    return "\n".join(
        [
            "import sys",
            f"sys.argv = {['music-adversaries', *map(str, words)]!r}",
            "from music_adversaries.cli import main",
            "try:",
            "    main()",
            "except SystemExit as end:",
            "    assert end.code in (0, 1), end.code",
        ]
    )


def third_party(code: str, *arguments: object, **environment: str) -> set[str]:
    return loaded(code, *arguments, **environment) - before()


# --- what a command imports ---


@pytest.mark.parametrize(
    ("words", "needed", "allowed"),
    [
        (["--help"], SHELL, set()),
        (["--version"], SHELL, set()),
        (["attack", "--help"], SHELL, set()),
        (["data", "list"], SHELL, SOUND | FILES | PROGRESS),
        (["claims"], SHELL, FILES | LEDGER),
        (["data", "audit", "gtzan"], SHELL | {"pandas"}, SOUND | FILES | PROGRESS | TABLES | SPARSE),
        (["data", "audit", "synthetic"], SHELL | {"pandas"}, SOUND | FILES | PROGRESS | TABLES | SPARSE | SYNTHESISER),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_imports_what_it_uses(words, needed, allowed, tmp_path):
    found = third_party(command(*words), MUSIC_ADVERSARIES_CACHE=str(tmp_path))
    assert needed <= found <= needed | allowed


ATTACK = SHELL | SOUND | FILES | PROGRESS | PICTURES | {"filelock"}


def test_an_attack_imports_what_it_uses(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    planted(harness.Config())
    audio.write_wav(tmp_path / "a.wav", small_system.recording("dark", 5))
    words = ("attack", "a.wav", "--target", "even", "--max-iterations", "2", "--snr", "5")
    found = third_party(command(*words), tmp_path)
    assert {"torch", "PIL", "soundfile"} <= found <= with_torch() | ATTACK
    assert (tmp_path / "out" / "listen.html").exists()


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("", set()),
        (".cli", SHELL),
        (".book.datasets", set()),
        (".book.partitions", set()),
        (".book.harness", set()),
        (".audition", set()),
        (".book.claims", FILES),
        (".evaluation", ARRAYS | SPARSE),
        (".adversary", set()),
        (".adversary.attack", {"torch"} | SOUND | FILES | PROGRESS),
    ],
)
def test_a_module_imports_what_it_uses(module, allowed):
    found = third_party(f"import music_adversaries{module}")
    assert found <= allowed | (with_torch() if "torch" in allowed else set())
    assert "torch" in found or "torch" not in allowed


def test_training_a_network_on_frames_imports_no_compiler():
    """PyTorch's optimisers import its compiler, and that SymPy: two seconds in every process that trains."""
    code = """
import torch
from music_adversaries import training
from music_adversaries.networks import DNN, Standardise
frames, labels = torch.rand(40, 513), torch.arange(40) % 2
network = DNN(Standardise.fit(frames), 2, 4)
training.train(network, frames, labels, frames, labels, training.Schedule(max_epochs=2, batch_size=8), seed=0)
"""
    found = third_party(code)
    assert "torch" in found and "sympy" not in found


# --- a trained system is found without its dataset, and never a stale one ---


def planted(config: harness.Config) -> System:
    """A system of that configuration in the cache, as if it had been trained on a dataset that was then loaded."""
    fingerprints.remember(SimpleNamespace(name=config.dataset, profile=config.profile, fingerprint="print"))
    key = config.of_system().key("print", systems.code_of("book/harness/systems"), torch.__version__)
    system = small_system.system()
    system.save(cache_dir() / "systems" / f"{config.system}-{config.partition}-{config.seed}-{key}.pt")
    return system


@pytest.fixture
def config(tmp_path, monkeypatch) -> harness.Config:
    """Of the dataset `synthetic`, which here is small and soon trained on."""
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MUSIC_ADVERSARIES_STATIC", "1")
    music = datasets.load("folder", path=small_music.write_music(tmp_path / "music", each=6, seconds=1.5))
    monkeypatch.setattr(datasets, "load", lambda *_, **__: dataclasses.replace(music, name="synthetic"))
    monkeypatch.setattr(datasets, "manifest_of", lambda *_: music.manifest)
    return harness.Config()


def test_a_trained_system_is_found_without_its_dataset(config, monkeypatch):
    assert kept.kept_system(config) is None
    trained = harness.trained_system(config)
    monkeypatch.setattr(datasets, "load", lambda *_, **__: pytest.fail("the dataset was loaded"))
    found = kept.kept_system(config.but(snr=3.0))  # what the attack is does not matter
    x = torch.rand(2, 513)
    assert found is not None and found.labels == trained.labels and torch.equal(found.network(x), trained.network(x))
    others = (
        {"seed": 1},
        {"partition": "artist_filtered"},
        {"system": "dnn51"},
        {"profile": "full"},
        {"device": "cuda"},
        {"labels": ("dark", "even")},
        {"labelling": "by_artist"},
        {"dataset": "synthetic-latin"},
        {"dataset": "gtzan"},
        {"dataset": "synthetic:faults=no"},
        {"path": "somewhere"},
    )
    assert [other for other in others if kept.kept_system(config.but(**other)) is not None] == []


def test_a_stale_system_is_never_found(config, monkeypatch):
    harness.trained_system(config)

    def changed(where, name, value):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, value)
            return kept.kept_system(config)

    assert kept.kept_system(config) is not None
    assert changed(fingerprints, "code_version", lambda *modules: "edited") is None
    assert changed(systems, "code_of", lambda *modules: "edited") is None
    assert changed(torch, "__version__", "3.0.0") is None
    assert changed(fingerprints.metadata, "version", lambda library: "3.0.0") is None
    assert changed(fingerprints.platform, "node", lambda: "another machine") is None
    assert kept.kept_system(config) is not None
    memory = cache_dir() / "datasets" / "synthetic-quick-fingerprint.json"
    content = json.loads(memory.read_text())
    for damaged in ("", "[]", json.dumps(content | {"fingerprint": 5}), json.dumps(content | {"fingerprint": "other"})):
        memory.write_text(damaged)
        assert kept.kept_system(config) is None


def test_a_damaged_system_is_trained_again(config, tmp_path):
    system = harness.trained_system(config)
    (path,) = (cache_dir() / "systems").glob("*.pt")
    path.write_bytes(path.read_bytes()[:100])
    audio.write_wav(tmp_path / "a.wav", small_system.recording("dark", 5))
    words = ["attack", tmp_path / "a.wav", "--target", system.labels[0], "--out", tmp_path / "out"]
    result = CliRunner().invoke(cli.main, list(map(str, words)))
    assert result.exit_code in (0, 1) and System.load(path).labels == system.labels, result.output


# --- packages whose modules are imported on first use ---


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_package_offers_what_it_says(name):
    """To the interpreter, to type checkers, and to who imports all of it."""
    package = importlib.import_module(f"music_adversaries.{name}")
    tree = ast.parse((LIBRARY / name.replace(".", "/") / "__init__.py").read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    checked = {alias.name: node.module for node in block.body for alias in node.names}
    assert checked == package._offered
    assert set(checked) <= set(package.__all__) <= set(dir(package))
    everything: dict = {}
    exec(f"from music_adversaries.{name} import *", everything)
    for offered, where in checked.items():
        module = importlib.import_module(f"music_adversaries.{name}.{where}")
        assert everything[offered] is getattr(package, offered) is getattr(module, offered)
    with pytest.raises(AttributeError, match=f"music_adversaries.{name}' has no attribute 'nothing'"):
        getattr(package, "nothing")  # noqa: B009


@pytest.mark.parametrize("first", ["import music_adversaries.book.partitions.audit", "partitions.audit", "pass"])
def test_a_function_hides_the_module_of_its_name(first):
    code = f"""from music_adversaries.book import partitions
{first}
from music_adversaries.book.partitions.audit import Audit
from music_adversaries.book.partitions import audit
assert type(audit).__name__ == "function" and partitions.audit is audit
assert type(partitions.division).__name__ == "module"  # not imported by name, and there all the same
"""
    loaded(code)


def test_every_dataset_has_the_name_of_its_module():
    assert {datasets._module(name).NAME: where for name, where in datasets.LOADERS.items()} == datasets.LOADERS
    assert datasets.DEFAULT in datasets.LOADERS


def test_the_colours_are_those_of_magma():
    magma = matplotlib.colormaps["magma"]
    for n_colours in (1, 2, 9, 64, 255, 256, 257):
        expected = magma(np.linspace(0, 1, n_colours), bytes=True)[:, :3]
        assert np.array_equal(pictures.palette(n_colours), expected)
