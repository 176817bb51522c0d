"""The commands `music-adversaries data ...`, as a user types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner

from music_adversaries import cli
from music_adversaries.book import datasets
from music_adversaries.errors import InputError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    for name in ("FOLDER", "GTZAN_MINI", "GTZAN", "LMD", "FMA_SMALL", "SOUNDTRACKS"):
        monkeypatch.delenv(f"MUSIC_ADVERSARIES_{name}", raising=False)
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))


def invoke(*words):
    return CliRunner().invoke(cli.main, [str(word) for word in words])


@pytest.fixture
def music(tmp_path):
    """Two labels of four artists; one excerpt is a copy of another, quieter and without its beginning."""
    rng = np.random.default_rng(1)
    rows = []
    for label in ("calm", "loud"):
        for number in range(8):
            # Notes that come and go, so that there is something to recognise.
            notes = rng.uniform(200, 3000, 40)
            t = np.arange(int(0.3 * 22_050)) / 22_050
            sound = np.concatenate([np.sin(2 * np.pi * f * t) * np.exp(-6 * t) for f in notes]) * 0.3
            file = tmp_path / f"{label}{number}.wav"
            if (label, number) == ("loud", 7):
                sound, _ = soundfile.read(tmp_path / "loud0.wav")
                sound = 0.5 * sound[22_050:]
            soundfile.write(file, sound, 22_050)
            rows.append({"path": file.name, "label": label, "artist": f"{label} {number // 2}"})
    table = tmp_path / "music.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    return table


def test_list_names_every_dataset_with_its_state():
    result = invoke("data", "list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    named = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert named == list(datasets.LOADERS) and len(named) == 8
    assert sum(line.strip().startswith("state: ") for line in lines) == 8


@pytest.mark.parametrize(
    "partition, facts",
    [
        ("random", ("200 of the 234 test excerpts with a known artist", "30 artist and title")),
        ("fault_filtered", ("none of the 253 test excerpts with a known artist", "none artist and title")),
    ],
)
def test_audit_of_gtzan_needs_no_audio(partition, facts):
    result = invoke("data", "audit", "gtzan", "--partition", partition)
    assert result.exit_code == 0
    assert result.output.startswith(f"{partition} of gtzan: published\n")
    assert all(fact in result.output for fact in facts)
    assert "test known" in result.output and "\nreggae " in result.output


def test_audit_draws_what_is_not_published():
    drawn = [
        invoke("data", "audit", "gtzan", "--partition", "drawn:random", "--seed", seed).output for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0].startswith("drawn:random of gtzan: drawn with seed 0\n")
    filtered = invoke("data", "audit", "gtzan", "--partition", "artist_filtered").output
    assert "note: Unknown artists: a class's excerpts stay together" in filtered
    assert "none of the" in filtered


def test_lmd_is_drawn_in_the_papers_shares():
    result = invoke("data", "audit", "lmd", "--partition", "drawn:random")
    totals = next(line for line in result.output.splitlines() if line.startswith("all ")).split()
    assert [int(n) for n in totals[1:4]] == [540, 180, 180]


def test_a_partition_that_is_none_is_refused():
    result = invoke("data", "audit", "gtzan", "--partition", "artist_filterd")
    assert result.exit_code == 2
    assert "There is no partition 'artist_filterd'" in result.output


def test_faults_finds_the_copy_and_writes_a_table(music, tmp_path):
    result = invoke("data", "faults", "folder", "--from", music, "--out", tmp_path / "found.csv")
    assert result.exit_code == 0, result.output
    found = pd.read_csv(tmp_path / "found.csv")
    links = found[found["fault"].str.startswith("recording_of")]
    pair = {links["excerpt"].iloc[0], links["fault"].iloc[0].partition(":")[2]}
    assert len(links) == 1 and {str(name).rsplit("/")[-1].removesuffix(".wav") for name in pair} == {"loud0", "loud7"}


def test_the_page_of_datasets_is_what_the_manifests_say():
    script = Path(__file__).resolve().parents[1] / "tools" / "datasets_page.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_variants_are_named_by_their_knobs():
    base, knobs = datasets.variants.split("synthetic:faults=no,production_strength=0.5,seed=7")
    assert (base, knobs) == ("synthetic", {"faults": False, "production_strength": 0.5, "seed": 7})
    table = datasets.manifest_of("synthetic:faults=no").table
    assert (table["fault"] == "").all() and (datasets.manifest_of("synthetic").table["fault"] != "").any()
    assert datasets.shares("synthetic-latin:faults=no") == (0.6, 0.2, 0.2)


@pytest.mark.parametrize(
    "name, said",
    [
        ("synthetic:volume=11", "no knob 'volume'"),
        ("synthetic:production_strength=much", "sets production_strength to 'much'"),
        ("synthetic:faults=maybe", "write faults=yes or faults=no"),
        ("gtzan:faults=no", "gtzan has no knobs to turn"),
        ("sintetic:faults=no", "did you mean 'synthetic'"),
        ("synthetic:production_strength=7", "from 0 to 1"),
    ],
)
def test_variants_that_are_none_are_refused(name, said):
    with pytest.raises(InputError, match=said):
        datasets.manifest_of(name)


def test_allow_missing_makes_no_sense_for_what_is_generated():
    result = invoke("data", "get", "synthetic", "--allow-missing")
    assert result.exit_code == 2
    assert "synthetic cannot be used with excerpts missing" in result.output


def test_a_dataset_with_a_colon_and_no_knob_is_refused():
    with pytest.raises(InputError, match="'synthetic:' turns no knob; write 'synthetic'"):
        datasets.manifest_of("synthetic:")


def test_verdicts_by_a_folder_that_is_not_there_are_refused(tmp_path):
    result = CliRunner().invoke(cli.main, ["claims", "--records", str(tmp_path / "none")])
    assert result.exit_code == 2 and "none is not a folder; give one that holds records" in result.output
