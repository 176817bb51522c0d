#!/usr/bin/env python
"""Write data_manifests/soundtracks.csv and soundtracks.ATTRIBUTION.md: the only writer of them.

    python tools/soundtracks_manifest.py FOLDER

FOLDER holds the .deb files of the packages that tools/soundtracks_tracks.csv names, one version of each
(``apt-get download PACKAGE ...``). The table lists the decisions: composer, title, licence, style, and the
evidence for the style. Only this table is typed by hand; each fact is from the package itself. Evidence is
``documented`` if the track's own tag or the package's text names the style, and ``inferred`` if something else
suggests it, such as a tag of the same composer's other tracks.

An inferred style must agree with a measurement. A linear discriminant on six properties of the sound (level,
spectral flatness, share of percussive energy, onset strength, strength of the beat, share of energy below
150 Hz) is fitted on the documented tracks of all other composers. It must give the style a probability of at
least 1/3. A track that fails must be marked ``left_out`` in the table, and one that passes must not be.
Documented styles are kept whatever the measurement says, so that the styles are not made easier to
distinguish than they are.

Excerpts of 10 s, at most four from each track, are spread over the part that sounds.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import soundfile
import soxr
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

from music_adversaries import audio
from music_adversaries.book.datasets import base, debian, soundtracks
from music_adversaries.book.datasets.manifest import COLUMNS, Manifest, manifests_folder
from music_adversaries.cache import atomic_path
from music_adversaries.errors import InputError

TRACKS = Path(__file__).with_name("soundtracks_tracks.csv")
EXCERPT_S = 10.0
AT_MOST = 4  # excerpts from each track
GAP_S = 2.0  # at least, between two excerpts
AUDIBLE = 0.1  # of the loud parts' level (-20 dB); a long part below this is an intro, a fade or a pause
AGREES = 1 / 3  # probability that an inferred style must reach


def starts(waveform: np.ndarray) -> list[float]:
    """Where the excerpts of a track begin, in seconds: evenly spread over the part that sounds."""
    n_seconds = len(waveform) // audio.SAMPLE_RATE
    seconds = waveform[: n_seconds * audio.SAMPLE_RATE].reshape(n_seconds, -1)
    level = np.sqrt((seconds**2).mean(axis=1))
    sounding = level > AUDIBLE * np.percentile(level, 90)
    if not sounding.any():
        return []
    first, last = int(np.argmax(sounding)), n_seconds - int(np.argmax(sounding[::-1]))
    n_excerpts = min(AT_MOST, int((last - first + GAP_S) // (EXCERPT_S + GAP_S)))
    if n_excerpts == 0:
        return []
    slot = (last - first) / n_excerpts
    wanted = [round(first + (number + 0.5) * slot - EXCERPT_S / 2, 1) for number in range(n_excerpts)]
    # A pause in the middle of a track must not become an excerpt.
    return [start for start in wanted if sounding[int(start) : int(start + EXCERPT_S)].mean() >= 0.8]


def measure(waveform: np.ndarray, begins: list[float]) -> list[float]:
    """The six properties of the excerpts' sound; levels and shares as logarithms."""
    length = round(EXCERPT_S * audio.SAMPLE_RATE)
    cuts = [waveform[round(start * audio.SAMPLE_RATE) :][:length] for start in begins]
    samples = np.concatenate(cuts)
    magnitudes = np.abs(librosa.stft(samples, n_fft=1024, hop_length=512))
    harmonic, percussive = librosa.decompose.hpss(magnitudes, kernel_size=17)
    onsets = librosa.onset.onset_strength(S=librosa.amplitude_to_db(magnitudes, ref=np.max), sr=audio.SAMPLE_RATE)
    repeats = librosa.autocorrelate(onsets - onsets.mean())
    power = (magnitudes**2).mean(axis=1)
    low = np.arange(len(power)) * audio.SAMPLE_RATE / 1024 < 150
    share = (percussive**2).sum() / (harmonic**2 + percussive**2).sum()
    return [
        np.log(np.sqrt((samples**2).mean())),
        np.log(librosa.feature.spectral_flatness(S=magnitudes) + 1e-9).mean(),
        np.log(share),
        onsets.mean(),
        repeats[12:90].max() / repeats[0],  # a beat every 0.3 to 2 s
        np.log(power[low].sum() / power.sum()),
    ]


def probabilities(tracks: pd.DataFrame, features: np.ndarray) -> np.ndarray:
    """For each track, the probability of its style, according to the documented tracks of all other composers."""
    features = StandardScaler().fit_transform(features)
    known = (tracks["evidence"] == "documented").to_numpy()
    found = np.zeros(len(tracks))
    for row, (artist, label) in enumerate(zip(tracks["artist"], tracks["label"], strict=True)):
        others = known & (tracks["artist"] != artist).to_numpy()
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.2)
        model.fit(features[others], tracks["label"].to_numpy()[others])
        found[row] = model.predict_proba(features[[row]])[0, list(model.classes_).index(label)]
    return found


def check_decisions(tracks: pd.DataFrame, agreement: np.ndarray) -> None:
    """Refuse a table whose decisions disagree with the measurement."""
    wrong = [
        f"{track['package']}/{track['path']} ({track['label']} {track['evidence']}, probability {probability:.2f})"
        for track, probability in zip(tracks.to_dict("records"), agreement, strict=True)
        if (track["evidence"] == "inferred" and probability < AGREES) != bool(track["left_out"])
    ]
    if wrong:
        raise InputError(
            f"{TRACKS.name} has to leave out what is inferred with a probability below {AGREES:.2f} and nothing else; "
            f"change the column left_out of {'; '.join(wrong)}."
        )


def manifest(tracks: pd.DataFrame, home: Path, begins: list[list[float]], versions: dict[str, str]) -> Manifest:
    """A row for each excerpt of the tracks that are not left out."""
    rows: list[dict] = []
    numbers = Counter[str]()
    first: dict[str, str] = {}
    for track, starts_s in zip(tracks.to_dict("records"), begins, strict=True):
        if track["left_out"]:
            continue
        path = f"{track['package']}/{track['path']}"
        common = {
            "path": path,
            "label": track["label"],
            "artist": track["artist"],
            "title": track["title"],
            "duration_s": EXCERPT_S,
            "checksum": f"sha256:{base.file_digest(home / path)}",
            "fault": f"{track['package']}/{track['version_of']}" if track["version_of"] else "",
            "licence": track["licence"],
            "source": f"Debian package {track['package']} {versions[track['package']]}; "
            f"style {track['evidence']}: {track['style_from']}",
        }
        for start in starts_s:
            excerpt = f"{track['label']}.{numbers[track['label']]:05d}"
            numbers[track["label"]] += 1
            first.setdefault(path, excerpt)
            rows.append({"excerpt": excerpt, "start_s": start, **common})
    for row in rows:
        if row["fault"]:
            row["fault"] = f"version_of:{first[row['fault']]}"
    return Manifest.of(soundtracks.NAME, pd.DataFrame(rows).reindex(columns=list(COLUMNS)))


def attribution(table: Manifest) -> str:
    """The authors and the licence of each track: the licences require this wherever the music is used."""
    lines = [
        "# The music of `soundtracks`",
        "",
        "Written by `tools/soundtracks_manifest.py` together with `soundtracks.csv`; not to be edited. No recording is",
        "part of this repository. Each is taken from a package of Debian 12, on the reader's machine; the package's",
        "`usr/share/doc/PACKAGE/copyright` has the licence in full. Excerpts of 10 s are cut from the tracks, mixed to",
        "mono and resampled to 22,050 Hz. Names, titles and licences are those that the packages give.",
        "",
    ]
    rows = table.table.drop_duplicates("path")
    for (artist, licence, source), group in rows.assign(package=rows["source"].str.partition(";")[0]).groupby(
        ["artist", "licence", "package"], sort=True
    ):
        lines += [f"## {artist}", "", f"{licence}; {source.removeprefix('Debian package ')}", ""]
        for track in group.to_dict("records"):
            basis = track["source"].partition("; ")[2].removeprefix("style ")
            lines.append(f"- {track['title']}: {track['label']} ({basis})")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the manifest and the attribution."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with open(TRACKS, encoding="utf-8", newline="") as file:
        tracks = pd.DataFrame(list(csv.DictReader(file)))
    tracks = tracks.sort_values(["label", "package", "path"], ignore_index=True)
    versions = {}
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        for package, paths in tracks.groupby("package")["path"]:
            debs = sorted(folder.glob(f"{package}_*.deb"))
            if len(debs) != 1:
                raise InputError(f"{folder} holds {len(debs)} files {package}_*.deb; give one version of each package.")
            versions[package] = debian.name_and_version(debs[0])[1]
            soundtracks.unpack(debs[0], paths, home / package)
        begins, features = [], []
        for track in tracks.to_dict("records"):
            path = home / track["package"] / track["path"]
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            waveform = soxr.resample(samples.mean(axis=1), rate, audio.SAMPLE_RATE)
            begins.append(starts(waveform))
            features.append(measure(waveform, begins[-1] or [0.0]))
        check_decisions(tracks, probabilities(tracks, np.array(features)))
        table = manifest(tracks, home, begins, versions).validate()
    csv_path = manifests_folder() / f"{soundtracks.NAME}.csv"
    table.write(csv_path)
    with atomic_path(csv_path.with_suffix(".ATTRIBUTION.md")) as temporary_path:
        temporary_path.write_text(attribution(table), encoding="utf-8")
    table_of_tracks = table.table.drop_duplicates("path")
    print(f"{csv_path}: {len(table)} excerpts of {len(table_of_tracks)} tracks")
    package = table_of_tracks["path"].str.partition("/")[0].rename("package")
    print(table_of_tracks.groupby(["label", package, "artist"]).size().to_string())


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
