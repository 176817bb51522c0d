"""The Latin Music Database: irregular file names, a folder made of them, and the public folds."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import lmd_manifest  # tools/lmd_manifest.py, the writer of the manifest
from music_adversaries.book import partitions
from music_adversaries.book.datasets import lmd, lmd_names
from music_adversaries.book.partitions import names
from music_adversaries.errors import InputError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of its own for every test, and no setting of the person who runs it."""
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MUSIC_ADVERSARIES_LMD", raising=False)


@pytest.fixture(scope="session")
def tone(tmp_path_factory) -> dict[str, Path]:
    """A tiny file of each kind."""
    home = tmp_path_factory.mktemp("tone")
    wave = 0.3 * np.sin(np.arange(6_615) * 0.1)
    kinds = {".mp3": ("MP3", "MPEG_LAYER_III"), ".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16")}
    for suffix, (kind, subtype) in kinds.items():
        soundfile.write(home / f"tone{suffix}", wave, 22_050, format=kind, subtype=subtype)
    return {suffix: home / f"tone{suffix}" for suffix in kinds}


def put(home: Path, relative: str, tone: dict[str, Path]) -> Path:
    path = home / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    source = tone[path.suffix.lower()]
    try:
        os.link(source, path)
    except OSError:
        shutil.copy(source, path)
    return path


@pytest.fixture
def few(tmp_path, tone) -> Path:
    """Two genres, two artists each; two files of the public folds and two that are not."""
    home = tmp_path / "lmd"
    for relative in (
        "axe/Asa de Águia - Abalou.mp3",
        "axe/Olodum - Nobody Knows - 3 - Unlisted.mp3",
        "tango/Horacio Salgán - Trayectoria - 14 - Gallo Ciego.mp3",
        "tango/Somebody - Unlisted.mp3",
    ):
        put(home, relative, tone)
    return home


def load(home: Path | None = None):
    return lmd.load("quick", home, progress=False)


def get(home: Path | None = None, allow_missing: bool = False):
    return lmd.get("quick", home, progress=False, allow_missing=allow_missing)


# file names


@pytest.mark.parametrize(
    ("stem", "artist", "title"),
    [
        ("Araketo - Ao Vivo - 04 - Fanfarra", "Araketo", "Fanfarra"),
        ("Asa de Águia - Abalou", "Asa de Águia", "Abalou"),
        ("Timbalada & Carlinhos Brown - El Milagro De Candeal - Ashansu", "Timbalada & Carlinhos Brown", "Ashansu"),
        ("Grupo Revelação - Revelação - ao vivo - 12 - Compasso do amor", "Grupo Revelação", "Compasso do amor"),
        ("Carlos Gardel - 1917-00-00 - Mi noche triste [v1]", "Carlos Gardel", "Mi noche triste [v1]"),
        ("Gen-T Joven - Merengue Mania 2003 - CD2 - 15 - Llego La Gen-T Joven", "Gen-T Joven", "Llego La Gen-T Joven"),
        ("Guilherme & Santiago - Vol. 08 - 1 - Alô Meu Povo", "Guilherme & Santiago", "Alô Meu Povo"),
        (
            "Teodoro & Sampaio - Anna Júlia - 8 - Cunhado - Fale com seu irmão",
            "Teodoro & Sampaio",
            "Cunhado - Fale com seu irmão",
        ),
        (
            "Tchê Barbaridade - 10 Anos Mais Fandangueiro -14 -Vanerão do Adeus - To Maluco",
            "Tchê Barbaridade",
            "Vanerão do Adeus - To Maluco",
        ),
        (
            "Astor Piazzolla - Tango - zero hour - 3 - Concierto para Quinteto",
            "Astor Piazzolla",
            "Concierto para Quinteto",
        ),
        ("Gilberto Gil -  - Estrela", "Gilberto Gil", "Estrela"),
        ("Os Morenos - Amor de Verão - Ao Vivo", "Os Morenos", "Amor de Verão - Ao Vivo"),
        ("Os Morenos - Ao Vivo", "Os Morenos", "Ao Vivo"),
        ("03 - Netinho - Rainha", "Netinho", "Rainha"),
        ("Netinho \u2013 Me Leva \u2014 2 \u2013 Rainha", "Netinho", "Rainha"),
        ("Netinho_-_Me_Leva_-_2_-_Rainha", "Netinho", "Rainha"),
        ("Netinho - Faixa 2 - Rainha", "Netinho", "Rainha"),
        ("Netinho - Me Leva - 2 - 1999", "Netinho", "1999"),
        ("Olodum - 20 - 3 - Berimbau", "Olodum", "Berimbau"),
        ("Netinho - 07", "Netinho", ""),
        ("Varios - Se Fue Mi Amor Bonito-Frank Reyes", "", "Se Fue Mi Amor Bonito-Frank Reyes"),
        ("Merengue Mania 2003 - CD4 - 21 - Merengue Mania MIX", "", "Merengue Mania MIX"),
        ("04 - Fanfarra", "", "Fanfarra"),
        ("Fanfarra", "", "Fanfarra"),
        ("07", "", ""),
        (" - ", "", ""),
        ("", "", ""),
    ],
)
def test_artist_and_title_of_a_file_name(stem, artist, title):
    for form in (stem, unicodedata.normalize("NFD", stem)):
        name = lmd_names.parse(form)
        assert (name.artist, name.title) == (artist, title)


word = st.from_regex(r"[A-Za-zÁáãçéíóú]{2,8}(-[A-Za-z]{2,5})?", fullmatch=True)
phrase = (
    st.lists(word, min_size=1, max_size=3)
    .map(" ".join)
    .filter(lambda text: lmd_names.fold(text) not in lmd_names._NOBODY)
)


@given(artist=phrase, album=phrase, number=st.integers(0, 99), title=phrase)
@settings(max_examples=200, deadline=None)
def test_the_usual_shapes_give_back_what_went_in(artist, album, number, title):
    assert lmd_names.parse(f"{artist} - {album} - {number} - {title}") == (artist, album, title)
    assert lmd_names.parse(f"{artist} - {album} - {number:02} - {title} - {album}").title == f"{title} - {album}"
    assert lmd_names.parse(f"{artist} - {number} - {title}") == (artist, "", title)
    assert lmd_names.parse(f"{artist} - {title}") == (artist, "", title)


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_name_is_parsed_and_nothing_is_invented(stem):
    name = lmd_names.parse(stem)
    letters = {x for x in unicodedata.normalize("NFC", stem)} | {" ", "-"}
    assert set("".join(name)) <= letters
    assert lmd_names.parse_all([stem]) == [name]


def test_an_album_is_no_artist_where_others_made_it():
    stems = [
        "Thalia - Boleros Latinos III - 16 - Es tu amor",
        "Luis Miguel - Boleros Latinos III - 5 - Sabor a mi",
        "Boleros Latinos III - 12 - Perhaps, perhaps, perhaps",
        "Celia Cruz - Salsa - 1 - A",
        "Celia Cruz & India - Celia Cruz - 1 - B",
        "Celia Cruz & Tito Puente - Celia Cruz - 1 - C",
    ]
    assert [name.artist for name in lmd_names.parse_all(stems)] == [
        "Thalia",
        "Luis Miguel",
        "",
        "Celia Cruz",
        "Celia Cruz & India",
        "Celia Cruz & Tito Puente",
    ]


# the public names


def test_the_manifest_holds_what_its_names_say():
    table = lmd.manifest().table
    assert len(table) == 900 and set(table.groupby("label").size()) == {90}
    assert (table["excerpt"] == table["path"].map(lmd.excerpt_id)).all()
    assert (table["label"] == table["path"].str.partition("/")[0]).all()
    read = lmd_names.parse_all([Path(path).stem for path in table["path"]])
    assert table["artist"].tolist() == [name.artist for name in read]
    assert table["title"].tolist() == [name.title for name in read]
    assert (table["checksum"] == "").all() and (table["fault"] == "").all() and (table["title"] != "").all()
    assert sum(path.count(" - ") != 3 for path in table["path"]) == 407


def test_three_of_the_public_names_have_no_artist():
    table = lmd.manifest().table
    assert table["title"][table["artist"] == ""].tolist() == [
        "Se Fue Mi Amor Bonito-Frank Reyes",
        "Perhaps, perhaps, perhaps",
        "Merengue Mania MIX",
    ]


@pytest.mark.parametrize("fold", lmd.FOLDS)
def test_a_third_of_each_genre_tests_and_validation_has_artists_of_its_own(fold):
    table = lmd.manifest().table
    counts = table.groupby(["label", fold]).size().unstack()
    assert (counts["test"] == 30).all() and counts["valid"].between(5, 15).all()
    artists = {part: set(names.artist_keys(table[table[fold] == part])) for part in ("train", "valid", "test")}
    assert not artists["valid"] & (artists["train"] | artists["test"])


def test_each_name_tests_in_one_fold():
    table = lmd.manifest().table
    assert ((table[list(lmd.FOLDS)] == "test").sum(axis=1) == 1).all()


@pytest.mark.parametrize("fold", lmd.FOLDS)
def test_the_validation_parts_are_what_the_tool_chooses_whatever_the_order_of_rows(fold):
    table = lmd.manifest().table.sample(frac=1, random_state=1).reset_index(drop=True)
    assert lmd_manifest.divide(table, (table[fold] == "test").to_numpy(), fold) == table[fold].tolist()


def test_the_public_folds_leak_and_our_own_do_not():
    manifest = lmd.manifest()
    shared = [
        partitions.audit(manifest, partitions.published(manifest, fold)).overall["shared_artist"] for fold in lmd.FOLDS
    ]
    assert shared == [80, 49, 47]
    gardel = manifest.table[manifest.table["artist"] == "Carlos Gardel"]
    assert len(gardel) == 77 and all(set(gardel[fold]) >= {"train", "test"} for fold in lmd.FOLDS)
    own = partitions.artist_filtered(manifest, seed=0, shares=lmd.SHARES)
    assert partitions.audit(manifest, own).overall["shared_artist"] == 0


# a user's folder


def test_a_tree_of_all_the_public_names(tmp_path, tone):
    public = lmd.manifest().table
    home = tmp_path / "lmd"
    for path in public["path"]:
        put(home, path, tone)
    dataset = load(home)
    assert len(dataset) == 900 and dataset.notes[""] == (
        "no artist in the file name of 3 of 900 tracks; they are left unknown",
    )
    used = dataset.manifest.table.set_index("excerpt").loc[public["excerpt"]].reset_index()
    for column in ("path", "label", "artist", "title", *lmd.FOLDS):
        assert used[column].tolist() == public[column].tolist()
    assert dataset.manifest.table["checksum"].str.startswith("sha256:").all()
    waveform = dataset.load("tango.Carlos Gardel - 1917-00-00 - Mi noche triste [v1]")
    assert waveform.dtype == np.float32 and 0.25 < len(waveform) / 22_050 < 0.4
    again = load(home)
    assert again.fingerprint == dataset.fingerprint


def test_a_part_and_tracks_beyond_the_public_names(few):
    dataset = load(few)
    table = dataset.manifest.table.set_index("excerpt")
    assert set(dataset.labels) == {"axe", "tango"} and len(dataset) == 4
    unlisted = table.loc["axe.Olodum - Nobody Knows - 3 - Unlisted"]
    assert (unlisted["artist"], unlisted["title"]) == ("Olodum", "Unlisted")
    assert [unlisted[fold] for fold in lmd.FOLDS] == ["", "", ""]
    assert table.loc["axe.Asa de Águia - Abalou", "fold_3"] == "test"
    assert dataset.notes[""][0].startswith("898 of the 900 tracks of the public folds are not here (axe.Araketo")
    assert dataset.notes[""][1] == "2 of 4 tracks are not in the public folds and stay unused in them"


def test_spelling_of_folders_and_encoding_of_accents_do_not_matter(few, tmp_path, tone):
    expected = load(few).manifest.table
    other = tmp_path / "other"
    put(other, unicodedata.normalize("NFD", "Axé/ASA DE ÁGUIA - Abalou.MP3"), tone)
    put(other, "AXE/Olodum - Nobody Knows - 3 - Unlisted.mp3", tone)
    put(
        other,
        unicodedata.normalize("NFD", "Tango/Trayectoria/Horacio Salgán - Trayectoria - 14 - Gallo ciego.flac"),
        tone,
    )
    dataset = load(other)
    table = dataset.manifest.table.set_index("excerpt")
    for excerpt in expected["excerpt"][[0, 2]]:
        facts = expected.set_index("excerpt").loc[excerpt]
        for column in ("label", "artist", "title", *lmd.FOLDS):
            assert table.loc[excerpt, column] == facts[column]
        assert dataset.load(excerpt).any()
    assert dataset.labels == ("axe", "tango")


def test_of_a_long_track_the_first_half_minute_is_used(few):
    wave = np.concatenate([np.full(30 * 8_000, 0.1), np.full(2 * 8_000, 0.9)]) * np.sin(np.arange(32 * 8_000))
    soundfile.write(few / "axe" / "Long - One.wav", wave, 8_000)
    dataset = load(few)
    waveform = dataset.load("axe.Long - One")
    assert len(waveform) == 30 * 22_050 and np.abs(waveform).max() < 0.2
    assert "left out: what follows the first 30 s of 1 of 5 excerpts (axe.Long - One)" in dataset.notes[""]
    short = dataset.load("axe.Asa de Águia - Abalou")
    assert len(short) < 22_050 and "axe.Asa de Águia - Abalou" not in dataset.notes


def test_a_copy_is_remembered(few):
    assert lmd.info().state == "no copy known; name yours with `music-adversaries data get lmd --from PATH`"
    report = get(few)
    assert report.ok and report.n_excerpts == 4 and report.folder == few
    assert len(load()) == 4 and str(few) in lmd.info().state
    shutil.rmtree(few)
    with pytest.raises(InputError, match="the copy of lmd in .* is gone"):
        load()


def test_the_environment_names_a_copy(few, monkeypatch):
    monkeypatch.setenv("MUSIC_ADVERSARIES_LMD", str(few))
    assert len(load()) == 4


# bad input


def test_a_file_that_cannot_be_read_is_named_and_left_out_only_when_told(few, tone):
    bad = few / "tango" / "Somebody - Broken.mp3"
    bad.write_bytes(b"<html>")
    for ask in (load, get):
        with pytest.raises(InputError, match=r"Broken\.mp3 \(.*\) is not audio that can be decoded; .*--allow-missing"):
            ask(few)
    report = get(few, allow_missing=True)
    assert report.ok and report.n_excerpts == 4
    assert any("1 of 5 excerpts (tango.Somebody - Broken: is not audio" in note for note in report.notes)
    assert "tango.Somebody - Broken" not in load().excerpts
    (few / "axe" / "Another - Broken.mp3").write_bytes(b"")
    with pytest.raises(InputError) as refused:
        load()
    assert "Another - Broken" in str(refused.value) and "Somebody" not in str(refused.value)
    (few / "axe" / "Another - Broken.mp3").unlink()
    bad.unlink()
    put(few, "tango/Somebody - Broken.mp3", tone)
    assert "tango.Somebody - Broken" in load().excerpts


def test_check_decodes_every_file(few):
    assert lmd.check("quick", few, progress=False).ok
    soundfile.write(few / "tango" / "Somebody - Silence.wav", np.zeros(4_000), 22_050)
    report = lmd.check("quick", few, progress=False)
    assert [(p.excerpt, p.reason) for p in report.problems] == [("tango.Somebody - Silence", "is silent")]


@pytest.mark.parametrize("other", ["axe/Asa de Águia - Abalou.wav", "Axé/asa de águia - abalou.mp3"])
def test_two_files_that_are_one_track_are_refused(few, tone, other):
    put(few, other, tone)
    with pytest.raises(InputError, match=r"are both excerpt axe\.Asa de Águia - Abalou of lmd; remove one"):
        load(few)


def test_a_folder_that_is_no_tree_of_genres_is_refused(tmp_path, tone):
    home = tmp_path / "flat"
    put(home, "Asa de Águia - Abalou.mp3", tone)
    with pytest.raises(InputError, match="folder for each label"):
        load(home)
    put(home, "lmd/axe/Asa de Águia - Abalou.mp3", tone)
    put(home, "lmd/tango/Horacio Salgán - Trayectoria - 14 - Gallo Ciego.mp3", tone)
    with pytest.raises(InputError, match="'lmd' only; give the folder that holds a folder for each genre"):
        load(home)


def test_a_genre_with_one_artist_is_told(tmp_path, tone):
    for relative in ("axe/A - B.mp3", "axe/C - D.mp3", "tango/Carlos Gardel - X.mp3", "tango/CARLOS GARDEL - Y.mp3"):
        put(tmp_path / "lmd", relative, tone)
    assert "one artist only in tango: no artist filter can divide that" in load(tmp_path / "lmd").notes[""]


def test_a_format_that_is_not_read_is_named(few):
    (few / "axe" / "Somebody - Song.wma").write_bytes(b"x")
    said = "left out: 1 music file in a format not read here, .wma (axe/Somebody - Song.wma); convert"
    assert any(note.startswith(said) for note in load(few).notes[""])


def test_a_cache_that_cannot_be_written_is_told_and_loading_still_works(few, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "file" / "cache"))
    dataset = load(few)
    assert len(dataset) == 4 and any("every file is opened again" in note for note in dataset.notes[""])
    with pytest.raises(InputError, match="cannot be remembered"):
        get(few)
