"""Soundtracks from Debian packages: fetched by name, unpacked without dpkg; only intact tracks are used."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import soundtracks_manifest
from music_adversaries.book.datasets import base, debian, manifest, soundtracks
from music_adversaries.book.datasets.manifest import COLUMNS, Manifest
from music_adversaries.errors import InputError

RATE = 44_100
PACKAGES = {
    # tracks inside a package: label, file
    "alpha-music": [("rock", "usr/share/games/alpha/one.ogg"), ("folk", "usr/share/games/alpha/two songs.ogg")],
    "beta-music": [("folk", "usr/share/beta/data.pk3/music/three.ogg")],
}
N_EXCERPTS = 6  # two for each of the three tracks

# Stands for apt-get on PATH: says what it was asked for, and "downloads" from the folder $SHELF.
APT_GET = f"""#!{sys.executable}
import glob, os, shutil, sys
package = sys.argv[-1]
with open(os.environ["SHELF"] + "/asked", "a") as log:
    log.write(package + "\\n")
if os.path.exists(os.environ["SHELF"] + "/offline"):
    sys.exit("E: Failed to fetch " + package + "  Temporary failure resolving the archive's name")
if os.path.exists(os.environ["SHELF"] + "/full"):
    sys.exit("E: Write error - write (28: No space left on device)")
found = glob.glob(os.environ["SHELF"] + "/" + package + "_*.deb")
if not found:
    sys.exit("E: Unable to locate package " + package)
shutil.copy(found[0], ".")
"""


@cache  # since each OGG file gets a random serial number
def music(seed: int, seconds: float = 3.0) -> bytes:
    """A little stereo noise as an OGG file, another for each seed."""
    noise = np.random.default_rng(seed).normal(0, 0.1, (round(seconds * RATE), 2))
    buffer = io.BytesIO()
    soundfile.write(buffer, noise, RATE, format="OGG", subtype="VORBIS")
    return buffer.getvalue()


def tracks(seed: int = 0) -> dict[str, dict[str, bytes]]:
    """The tracks of each package by their path in it."""
    made: dict[str, dict[str, bytes]] = {}
    for number, (package, path) in enumerate((name, path) for name, rows in PACKAGES.items() for _, path in rows):
        made.setdefault(package, {})[path] = music(seed + number)
    return made


def packed(files: dict[str, bytes]) -> dict[str, bytes]:
    """As the package has them: what is below a .pk3 file in one zip archive."""
    plain = {path: content for path, content in files.items() if ".pk3/" not in path}
    archives: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        if ".pk3/" in path:
            archive, inner = path.split(".pk3/")
            archives.setdefault(f"{archive}.pk3", {})[inner] = content
    for archive, inside in archives.items():
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as zipped:
            for name, content in inside.items():
                zipped.writestr(name, content)
        plain[archive] = buffer.getvalue()
    return plain


def write_deb(path: Path, files: dict[str, bytes], compression: str = "xz") -> Path:
    """A .deb as Debian's are: an ar archive of debian-binary, control.tar and data.tar."""

    def tar(content: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:
            for name, data in content.items():
                entry = tarfile.TarInfo(f"./{name}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return buffer.getvalue()

    suffix = f".{compression}" if compression else ""
    members = {
        "debian-binary": b"2.0\n",
        f"control.tar{suffix}": tar({"control": b"Package: x\n"}),
        f"data.tar{suffix}": tar(packed(files)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(b"!<arch>\n")
        for name, data in members.items():
            file.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode())
            file.write(data + b"\n" * (len(data) % 2))
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(soundtracks.ENVIRONMENT, raising=False)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A manifest of the tiny packages instead of the real one; two excerpts of each track."""
    made = tracks()
    rows = [
        {
            "excerpt": f"{label}.{package}.{number}.{start}",
            "path": f"{package}/{path}",
            "label": label,
            "artist": f"composer of {path}",
            "start_s": float(start),
            "duration_s": 1.0,
            "checksum": "sha256:" + hashlib.sha256(made[package][path]).hexdigest(),
        }
        for package, inside in PACKAGES.items()
        for number, (label, path) in enumerate(inside)
        for start in (0, 2)
    ]
    table = Manifest.of("soundtracks", pd.DataFrame(rows).reindex(columns=list(COLUMNS), fill_value="")).validate()
    assert len(table) == N_EXCERPTS
    monkeypatch.setattr(soundtracks, "manifest", lambda: table)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Debian's archive: a folder of packages, from which a stand-in for apt-get downloads."""
    home = tmp_path / "shelf"
    for package, files in tracks().items():
        write_deb(home / f"{package}_1%3a2.0-1_all.deb", files)
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "apt-get"
    program.write_text(APT_GET)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("SHELF", str(home))
    return home


def asked(shelf: Path) -> list[str]:
    return (shelf / "asked").read_text().split() if (shelf / "asked").is_file() else []


def fetched(package: str = "") -> Path:
    return soundtracks.LOCATION.fetched / package


def unpacked(folder: Path, by_package: bool = True) -> Path:
    """The packages as ``dpkg-deb -x`` leaves them, archives and all."""
    for package, files in tracks().items():
        for path, content in packed(files).items():
            target = folder / (package if by_package else "") / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return folder


# the committed manifest


@pytest.fixture(scope="module")
def committed() -> Manifest:
    return Manifest.read(manifest.manifests_folder() / "soundtracks.csv")


def test_enough_styles_composers_and_tracks(committed):
    table = committed.table
    assert len(committed.labels) >= 3
    assert table["path"].nunique() >= 100
    assert table["artist"].nunique() >= 20
    # An artist filter needs one composer in each of three parts, and a style must not be a package.
    assert table.groupby("label")["artist"].nunique().min() >= 3
    package = table["path"].str.partition("/")[0]
    assert package.groupby(table["label"]).nunique().min() >= 2
    assert not committed.partitions


def test_excerpts_of_a_track_do_not_overlap(committed):
    for _, group in committed.table.groupby("path"):
        starts = np.sort(group["start_s"].to_numpy())
        assert np.all(np.diff(starts) >= group["duration_s"].max())
        assert len(group) <= 4


def test_all_facts_of_a_track_agree_in_its_rows(committed):
    per_track = committed.table.groupby("path")[["label", "artist", "title", "checksum", "licence", "source"]].nunique()
    assert (per_track == 1).all(axis=None)
    assert committed.table["checksum"].str.startswith("sha256:").all()
    assert committed.table.groupby("checksum")["path"].nunique().max() == 1  # no track twice
    assert (committed.table[["artist", "title", "licence", "source"]] != "").all(axis=None)


def test_faults_name_excerpts_of_another_track(committed):
    paths = dict(zip(committed.table["excerpt"], committed.table["path"], strict=True))
    for row in committed.rows():
        if row["fault"]:
            kind, _, other = row["fault"].partition(":")
            assert kind == "version_of" and paths[other] != row["path"]


def test_the_attribution_names_every_composer_title_and_licence(committed):
    text = (manifest.manifests_folder() / "soundtracks.ATTRIBUTION.md").read_text(encoding="utf-8")
    assert text == soundtracks_manifest.attribution(committed)  # so it agrees with the manifest
    for column in ("artist", "title", "licence"):
        for value in committed.table[column].unique():
            assert value in text
    for package in soundtracks.packages(committed):
        assert package in text


def test_the_manifest_holds_what_was_decided(committed):
    with open(soundtracks_manifest.TRACKS, encoding="utf-8", newline="") as file:
        decided = list(csv.DictReader(file))
    kept = {f"{track['package']}/{track['path']}": track for track in decided if not track["left_out"]}
    assert set(committed.table["path"]) == set(kept)
    for row in committed.rows():
        assert all(row[column] == kept[row["path"]][column] for column in ("label", "artist", "title", "licence"))
    assert {track["evidence"] for track in decided} == {"documented", "inferred"}
    assert all(track["evidence"] == "inferred" for track in decided if track["left_out"])


# how the manifest is made


def test_excerpts_avoid_silence_and_stay_inside():
    rate = soundtracks_manifest.audio.SAMPLE_RATE
    noise = np.random.default_rng(0).normal(0, 0.1, 90 * rate).astype(np.float32)
    noise[: 20 * rate] = 0
    noise[80 * rate :] *= 1e-3
    starts = soundtracks_manifest.starts(noise)
    assert len(starts) == 4
    assert min(starts) >= 20 and max(starts) + 10 <= 80
    assert np.min(np.diff(starts)) >= 10 + soundtracks_manifest.GAP_S
    assert len(soundtracks_manifest.starts(noise[: 45 * rate])) == 2
    assert soundtracks_manifest.starts(noise[: 25 * rate]) == []
    assert soundtracks_manifest.starts(np.zeros(60 * rate, np.float32)) == []


def test_a_style_that_is_inferred_has_to_be_measured():
    rng = np.random.default_rng(0)
    known = [
        {"label": label, "artist": f"{label}{number % 3}", "evidence": "documented", "left_out": ""}
        for label in ("folk", "rock")
        for number in range(12)
    ]
    guessed = [{"label": label, "artist": "new", "evidence": "inferred", "left_out": ""} for label in ("folk", "rock")]
    features = np.vstack([rng.normal(0, 1, (12, 6)), rng.normal(6, 1, (12, 6)), np.zeros((2, 6))])
    table = pd.DataFrame(known + guessed).assign(package="p", path="q")
    agreement = soundtracks_manifest.probabilities(table, features)
    assert agreement[-2] > 0.9 and agreement[-1] < 0.1
    with pytest.raises(InputError, match="rock inferred"):
        soundtracks_manifest.check_decisions(table, agreement)
    soundtracks_manifest.check_decisions(table.assign(left_out=[""] * 25 + ["yes"]), agreement)
    with pytest.raises(InputError, match="folk inferred"):
        soundtracks_manifest.check_decisions(table.assign(left_out=[""] * 24 + ["yes"] * 2), agreement)


# packages


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_package_is_read_without_dpkg(tmp_path, monkeypatch, compression):
    monkeypatch.setenv("PATH", str(tmp_path))
    files = {"usr/share/a.ogg": music(1), "usr/share/doc/b/copyright": b"free"}
    deb = write_deb(tmp_path / "x_1_all.deb", files, compression)
    assert {name: content.read() for name, content in debian.members(deb)} == files


@pytest.mark.may_skip
@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg-deb")
@pytest.mark.parametrize("compression", ["xz", "zstd"])
def test_a_package_made_by_dpkg_deb_is_read(tmp_path, compression):
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: x\n"
    )
    (tree / "usr" / "share").mkdir(parents=True)
    (tree / "usr" / "share" / "a b.ogg").write_bytes(music(1))
    command = ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "-b", tree, tmp_path / "x_1_all.deb"]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"this dpkg-deb has no {compression}")
    found = {name: content.read() for name, content in debian.members(tmp_path / "x_1_all.deb")}
    assert found == {"usr/share/a b.ogg": music(1)}


def test_a_package_that_is_cut_short_is_refused_wherever_it_is_cut(tmp_path):
    whole = write_deb(tmp_path / "x_1_all.deb", {"usr/a.ogg": music(1), "usr/b.ogg": music(2)}, "").read_bytes()
    cut = tmp_path / "cut_1_all.deb"
    for length in (0, 5, 40, 100, len(whole) // 2, len(whole) - 20_000, len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(InputError, match="download it again"):
            for _, content in debian.members(cut):
                content.read()


def test_name_and_version():
    deb = Path("wesnoth-1.16-music_1%3a1.16.9-1_all.deb")
    assert debian.name_and_version(deb) == ("wesnoth-1.16-music", "1:1.16.9-1")


def test_only_the_files_wanted_are_unpacked(tmp_path):
    files = {"usr/a.ogg": b"a", "usr/b.ogg": b"b", "usr/x.pk3/m/c.ogg": b"c", "usr/x.pk3/m/d.ogg": b"d"}
    deb = write_deb(tmp_path / "x_1_all.deb", files)
    soundtracks.unpack(deb, ["usr/a.ogg", "usr/x.pk3/m/c.ogg"], tmp_path / "home")
    found = {
        path.relative_to(tmp_path / "home").as_posix() for path in (tmp_path / "home").rglob("*") if path.is_file()
    }
    assert found == {"usr/a.ogg", "usr/x.pk3/m/c.ogg"}


# from nothing


def test_get_fetches_every_package_and_keeps_only_the_tracks(shelf):
    report = soundtracks.get("quick", progress=False)
    assert report.ok and report.n_excerpts == N_EXCERPTS and not report.notes
    assert asked(shelf) == list(PACKAGES)
    kept = {path.relative_to(fetched()).as_posix() for path in fetched().rglob("*") if path.is_file()}
    markers = {"complete", *(f"{package}/complete" for package in PACKAGES)}
    assert kept - markers == set(soundtracks.manifest().table["path"])
    assert (fetched("beta-music") / "complete").read_text() == "1:2.0-1\n"


def test_load_cuts_the_excerpts_out_of_their_tracks(shelf):
    dataset = soundtracks.load("quick", progress=False)
    assert len(dataset) == N_EXCERPTS and dataset.labels == ("folk", "rock")
    first, second = (dataset.load(f"rock.alpha-music.0.{start}") for start in (0, 2))
    assert len(first) == len(second) == dataset.sample_rate
    assert not np.allclose(first, second)


def test_each_track_is_verified_once(shelf, monkeypatch):
    looked: list[Path] = []
    monkeypatch.setattr(base, "matches", lambda path, checksum: looked.append(path) or True)
    soundtracks.load("quick", progress=False)
    assert len(looked) == len(set(looked)) == 3
    soundtracks.load("quick", progress=False)
    assert len(looked) == 3  # and remembered
    soundtracks.check("quick", progress=False)
    assert len(looked) == 6


def test_what_is_here_is_not_fetched_again(shelf):
    soundtracks.load("quick", progress=False)
    soundtracks.load("quick", progress=False)
    soundtracks.get("quick", progress=False)
    assert asked(shelf) == list(PACKAGES)


def test_fetching_goes_on_where_it_stopped(shelf):
    (shelf / "beta-music_1%3a2.0-1_all.deb").rename(shelf / "later")
    (shelf / "offline").touch()
    with pytest.raises(InputError, match="connect to the network"):
        soundtracks.get("quick", progress=False)
    (shelf / "offline").unlink()
    whole = (shelf / "later").read_bytes()
    (shelf / "beta-music_1%3a2.0-1_all.deb").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="beta-music.*download it again"):
        soundtracks.get("quick", progress=False)
    assert soundtracks.LOCATION.find()[0] is None  # half a dataset is none
    (shelf / "beta-music_1%3a2.0-1_all.deb").write_bytes(whole)
    assert soundtracks.get("quick", progress=False).ok
    assert asked(shelf) == ["alpha-music", "alpha-music", "beta-music", "beta-music"]


def test_interrupted_unpacking_is_not_believed(shelf, monkeypatch):
    write = soundtracks._write

    def interrupted(path, content):
        if path.name == "two songs.ogg":
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(soundtracks, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        soundtracks.load("quick", progress=False)
    assert not (fetched("alpha-music") / "complete").exists()
    assert not [path for path in fetched().iterdir() if path.name.startswith(".")]  # no package left behind
    monkeypatch.setattr(soundtracks, "_write", write)
    assert len(soundtracks.load("quick", progress=False)) == N_EXCERPTS


def test_another_version_that_was_not_unpacked_to_the_end_is_not_believed(shelf, monkeypatch):
    soundtracks.load("quick", progress=False)
    (shelf / "alpha-music_1%3a2.0-1_all.deb").rename(shelf / "alpha-music_9_all.deb")

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(soundtracks, "_write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            soundtracks.load("quick", shelf, progress=False)
    assert not (fetched("alpha-music") / "complete").exists()
    assert soundtracks.get("quick", shelf, progress=False).ok
    assert (fetched("alpha-music") / "complete").read_text() == "9\n"


# what can go wrong


def one_sentence(error: pytest.ExceptionInfo) -> str:
    message = str(error.value)
    assert message.endswith(".") and "\n" not in message
    return message


def test_no_apt_get(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no apt-get") as error:
        soundtracks.load("quick", progress=False)
    assert "packages.debian.org" in one_sentence(error) and "--from PATH" in str(error.value)


def test_offline(shelf):
    (shelf / "offline").touch()
    with pytest.raises(InputError, match="alpha-music could not be downloaded.*resolving") as error:
        soundtracks.load("quick", progress=False)
    assert "connect to the network" in one_sentence(error)


def test_no_lists_of_packages(shelf):
    for deb in shelf.glob("*.deb"):
        deb.unlink()
    with pytest.raises(InputError, match="sudo apt-get update") as error:
        soundtracks.load("quick", progress=False)
    one_sentence(error)
    assert soundtracks.LOCATION.find()[0] is None


def test_a_full_disk(shelf):
    (shelf / "full").touch()
    with pytest.raises(InputError, match="MUSIC_ADVERSARIES_CACHE") as error:
        soundtracks.load("quick", progress=False)
    one_sentence(error)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_cache_that_cannot_be_written(shelf, monkeypatch, code):
    def refuse(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(soundtracks.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(InputError, match="MUSIC_ADVERSARIES_CACHE") as error:
        soundtracks.load("quick", progress=False)
    one_sentence(error)


def test_a_package_that_is_not_in_the_archive_is_left_out(shelf):
    (shelf / "beta-music_1%3a2.0-1_all.deb").rename(shelf / "later")
    dataset = soundtracks.load("quick", progress=False)
    assert len(dataset) == 4
    assert "2 of 6 excerpts" in dataset.notes[""][0] and "three.ogg (missing)" in dataset.notes[""][0]
    report = soundtracks.get("quick", progress=False)
    assert [problem.reason for problem in report.problems] == [base.MISSING] * 2
    (shelf / "later").rename(shelf / "beta-music_1%3a2.0-1_all.deb")
    assert soundtracks.get("quick", progress=False).ok  # asked for again, since it may be there now


def test_a_part_that_is_here_stays_usable_without_apt_get(shelf, monkeypatch):
    (shelf / "beta-music_1%3a2.0-1_all.deb").unlink()
    soundtracks.load("quick", progress=False)
    monkeypatch.setenv("PATH", str(shelf))
    report = soundtracks.get("quick", progress=False)
    assert "no apt-get" in report.notes[0] and len(report.problems) == 2
    assert len(soundtracks.load("quick", progress=False)) == 4


def test_a_changed_file_is_reported_and_the_rest_is_used(shelf):
    files = tracks()["alpha-music"]
    files["usr/share/games/alpha/two songs.ogg"] = music(99)
    (shelf / "alpha-music_1%3a2.0-1_all.deb").unlink()
    write_deb(shelf / "alpha-music_3.0-1_all.deb", files)
    report = soundtracks.get("quick", progress=False)
    assert {problem.excerpt for problem in report.problems} == {"folk.alpha-music.1.0", "folk.alpha-music.1.2"}
    assert {problem.reason for problem in report.problems} == {base.CORRUPT}
    dataset = soundtracks.load("quick", progress=False)
    assert set(dataset.excerpts) == set(dataset.files) and len(dataset) == 4
    assert "left out: 2 of 6 excerpts, cut from 1 tracks" in dataset.notes[""][0]
    assert dataset.manifest.sha != soundtracks.manifest().sha  # no result of the whole is served for it
    assert soundtracks.check("quick", progress=False).problems == report.problems


def test_one_style_is_no_dataset(shelf):
    (shelf / "alpha-music_1%3a2.0-1_all.deb").unlink()
    with pytest.raises(InputError, match="soundtracks cannot be used") as error:
        soundtracks.load("quick", progress=False)
    one_sentence(error)


def test_check_fetches_nothing(shelf):
    with pytest.raises(InputError, match="data get soundtracks"):
        soundtracks.check("quick", progress=False)
    assert not asked(shelf)


# copies that are here already


@pytest.mark.parametrize("by_package", [True, False])
def test_a_folder_of_unpacked_packages(tmp_path, monkeypatch, by_package):
    monkeypatch.setenv("PATH", str(tmp_path))
    home = unpacked(tmp_path / "mine", by_package)
    report = soundtracks.get("quick", home, progress=False)
    assert report.ok and report.folder == home
    dataset = soundtracks.load("quick", progress=False)  # remembered
    assert len(dataset.load_all(progress=False)) == N_EXCERPTS
    assert sorted(path for path in home.rglob("*.ogg")) == sorted(
        path for path in set(dataset.files.values()) if path.is_relative_to(home)
    )  # nothing was written into the user's folder


def test_a_folder_of_packages(shelf, monkeypatch):
    monkeypatch.setenv("PATH", str(shelf))
    assert soundtracks.get("quick", shelf, progress=False).ok
    monkeypatch.delenv("SHELF")
    assert len(soundtracks.load("quick", progress=False)) == N_EXCERPTS


def test_the_environment_names_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(soundtracks.ENVIRONMENT, str(unpacked(tmp_path / "mine")))
    assert len(soundtracks.load("quick", progress=False)) == N_EXCERPTS


def test_a_folder_without_a_track(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="soundtracks cannot be used") as error:
        soundtracks.load("quick", tmp_path / "empty", progress=False)
    assert "--from PATH" in one_sentence(error)
    write_deb(tmp_path / "empty" / "other_1_all.deb", {"usr/x": b"x"})
    with pytest.raises(InputError, match="other_1_all.deb, but none of the packages wanted"):
        soundtracks.load("quick", tmp_path / "empty", progress=False)


def test_a_damaged_package_given(shelf):
    deb = shelf / "alpha-music_1%3a2.0-1_all.deb"
    deb.write_bytes(deb.read_bytes()[:-100])
    with pytest.raises(InputError, match="alpha-music.*damaged or cut short"):
        soundtracks.get("quick", shelf, progress=False)


def test_info_tells_without_fetching(shelf):
    assert "to be downloaded" in soundtracks.info().state
    soundtracks.load("quick", progress=False)
    assert "downloaded" in soundtracks.info().state and str(fetched()) in soundtracks.info().state
    assert asked(shelf) == list(PACKAGES)
