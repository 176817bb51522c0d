"""The Free Music Archive's small set, on a small tree generated in exactly its layout."""

from __future__ import annotations

import csv
import functools
import hashlib
import http.server
import io
import re
import threading
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from music_adversaries.book import partitions
from music_adversaries.book.datasets import fma_small, fma_tracks, resumable
from music_adversaries.errors import InputError

GENRES = ("Electronic", "Experimental", "Folk", "Hip-Hop", "Instrumental", "International", "Pop", "Rock")
# The groups and columns of the published table.
HEADINGS = [
    ("", "", "track_id"),
    *(("album", name, "") for name in ("comments", "id", "information", "tags", "title", "type")),
    *(("artist", name, "") for name in ("bio", "id", "location", "name", "tags")),
    *(("set", name, "") for name in ("split", "subset")),
    *(("track", name, "") for name in ("bit_rate", "duration", "genre_top", "genres", "license", "title")),
]
BIO = '<p>Born in "Geneva",\nplays the accordion, the tuba and néw things.</p>\n\n<p>No more.</p>'
BROKEN = 98565
IDS = [2, 5, 10, 140, 999, 1000, 1001, 1999, *range(2000, 2014), 98564, 155_066]
SPLITS = ("training", "validation", "test")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(fma_small.ENVIRONMENT, raising=False)
    monkeypatch.setattr(resumable.time, "sleep", lambda _: None)
    return tmp_path / "cache"


def refused(*words: str):
    """Expect an InputError of one sentence that holds all the words."""
    return pytest.raises(InputError, match="".join(f"(?=.*{re.escape(word)})" for word in words) + r"[^\n]*\.$")


def track(number: int, place: int, **changes: str) -> dict[tuple[str, str], str]:
    """A row: every genre gets one artist for each split, and two artists of the set are called the same."""
    genre, split = GENRES[place % 8], SPLITS[place // 8 % 3]
    artist = 10 * (place % 8) + place // 8 % 3
    row = {
        ("", ""): str(number),
        ("album", "information"): BIO,
        ("artist", "bio"): BIO,
        ("artist", "id"): str(artist),
        ("artist", "name"): {70: "The Same", 71: "the SAME!"}.get(artist, f"Artist No. {artist}"),
        ("set", "split"): split,
        ("set", "subset"): "small",
        ("track", "genre_top"): genre,
        ("track", "genres"): "[21, 17]",
        ("track", "license"): "Attribution-NonCommercial-ShareAlike 3.0 International",
        ("track", "title"): f'Piece "{number}", for one',
    }
    return row | {("track", "title") if key == "title" else tuple(key.split("__")): v for key, v in changes.items()}


def rows() -> list[dict[tuple[str, str], str]]:
    small = [track(number, place) for place, number in enumerate([*IDS])]
    small.append(track(BROKEN, 0))
    others = [track(3, 1, set__subset="medium"), track(134, 2, set__subset="large", track__genre_top="")]
    return sorted([*small, *others], key=lambda row: int(row["", ""]))


def write_tracks(path: Path, content: list[dict] | None = None, headings: list | None = None) -> None:
    headings = headings or HEADINGS
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for level in range(3):
            writer.writerow([heading[level] for heading in headings])
        for row in content or rows():
            writer.writerow([row.get(heading[:2], "") for heading in headings])


@functools.cache
def mp3(seed: int) -> bytes:
    buffer = io.BytesIO()
    noise = 0.1 * np.random.default_rng(seed).standard_normal((22_050, 2))
    soundfile.write(buffer, noise.astype(np.float32), 44_100, format="MP3")
    return buffer.getvalue()


def write_checksums(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "checksums")
    lines = [
        f"{hashlib.sha1(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in files
    ]
    (folder / "checksums").write_text("".join(lines))


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Path:
    """A folder with both archives, unpacked and as zip files; never changed by a test."""
    root = tmp_path_factory.mktemp("published")
    for number in (*IDS, BROKEN):
        path = root / "fma_small" / f"{number:06}"[:3] / f"{number:06}.mp3"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mp3(number) if number != BROKEN else mp3(number)[:1_700])
    write_tracks(root / "fma_metadata" / "tracks.csv")
    (root / "fma_metadata" / "features.csv").write_text("large, and not used here\n" * 100)
    for name in ("fma_small", "fma_metadata"):
        write_checksums(root / name)
        # As the dataset's own script packs them.
        with zipfile.ZipFile(root / f"{name}.zip", "w", zipfile.ZIP_BZIP2) as packed:
            for file in sorted((root / name).rglob("*")):
                if file.is_file():
                    packed.write(file, file.relative_to(root))
    return root


@pytest.fixture
def tree(published, tmp_path) -> Path:
    """A user's folder with both halves unpacked; a test may change it."""
    return copied(published, tmp_path / "mine", "fma_small", "fma_metadata")


@pytest.fixture
def zips(published, tmp_path, monkeypatch) -> Path:
    """A user's folder with the two zip files, whose checksums are the known ones."""
    known(published, monkeypatch)
    return copied(published, tmp_path / "zips", "fma_small.zip", "fma_metadata.zip")


def copied(root: Path, target: Path, *names: str) -> Path:
    for name in names:
        for file in [root / name] if (root / name).is_file() else (root / name).rglob("*"):
            if file.is_file():
                place = target / file.relative_to(root)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.read_bytes())
    return target


def known(root: Path, monkeypatch, url: str = "http://nowhere.invalid") -> None:
    """Make the generated archives the published ones."""
    for constant in ("AUDIO", "METADATA"):
        archive = getattr(fma_small, constant)
        content = (root / f"{archive.name}.zip").read_bytes()
        changed = replace(
            archive,
            url=f"{url}/{archive.name}.zip",
            sha1=hashlib.sha1(content).hexdigest(),
            n_bytes=len(content),
            n_unpacked=2 * len(content),
        )
        monkeypatch.setattr(fma_small, constant, changed)


def load(path: Path | None = None):
    return fma_small.load("quick", path, progress=False)


def get(path: Path | None = None, **arguments):
    return fma_small.get("quick", path, progress=False, **arguments)


def check(path: Path | None = None):
    return fma_small.check("quick", path, progress=False)


# what is published, as the dataset's README, its creation.py and its issue 8 say


def test_the_published_facts():
    assert fma_small.AUDIO.url == "https://os.unil.cloud.switch.ch/fma/fma_small.zip"
    assert fma_small.AUDIO.sha1 == "ade154f733639d52e35e32f5593efe5be76c6d70"
    assert fma_small.METADATA.url == "https://os.unil.cloud.switch.ch/fma/fma_metadata.zip"
    assert fma_small.METADATA.sha1 == "f0df49ffe5f2a6008d7dc83c6915b31835dfe733"
    assert len(fma_small.BROKEN) == 6


# a folder


def test_a_folder_is_used_in_place(tree, own_cache):
    dataset = load(tree)
    assert len(dataset) == 24 and dataset.labels == GENRES
    assert all(tree in file.parents for file in dataset.files.values())
    assert not list(own_cache.rglob("*.mp3"))
    waveform = dataset.load("000002")
    assert waveform.dtype == np.float32 and abs(len(waveform) - 11_025) < 1_200


def test_the_manifest_says_what_tracks_csv_says(tree):
    table = load(tree).manifest.table.set_index("excerpt")
    assert table.loc["000002", ["path", "label", "artist", "title", "licence", "source", "published"]].tolist() == [
        "000/000002.mp3",
        "Electronic",
        "Artist No. 0",
        'Piece "2", for one',
        "Attribution-NonCommercial-ShareAlike 3.0 International",
        "FMA (Defferrard et al., ISMIR 2017), track 2",
        "train",
    ]
    assert table["label"].value_counts().unique().tolist() == [3]
    assert table["published"].value_counts().to_dict() == {"train": 8, "valid": 8, "test": 8}
    content = (tree / "fma_small" / "155" / "155066.mp3").read_bytes()
    assert table.loc["155066", "checksum"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_the_published_split_keeps_artists_apart_and_is_looked_at(tree):
    table = load(tree).manifest.table
    assert (table.groupby("artist")["published"].nunique() == 1).all()
    content = [*rows(), track(4, 0, set__split="test")]
    (tree / "fma_small" / "000" / "000004.mp3").write_bytes(mp3(4))
    remade(tree, content)
    notes = " ".join(load(tree).notes[""])
    assert "1 artists in more than one part (Artist No. 0)" in notes


def test_the_published_split_and_a_random_one_side_by_side(tree):
    manifest = load(tree).manifest
    published = partitions.published(manifest, "published")
    assert partitions.audit(manifest, published).by_class.loc["all", "shared_artist"] == 0
    # The two artists called the same, each in one part, are no leak.
    assert {"The Same [artist 70]", "the SAME! [artist 71]"} <= set(manifest.table["artist"])
    random = partitions.random(manifest, seed=0)
    assert set(random.parts.index) == set(manifest.table["excerpt"])


def test_artists_are_told_apart_as_the_partitions_do():
    for name in ("Araketú", "The  Band!", "!!!", "Ａ１", "Straße", ""):
        assert fma_tracks._letters(name) == partitions.names.key(name)


def test_known_broken_clips_are_left_out_and_named(tree):
    dataset = load(tree)
    assert f"{BROKEN:06}" not in dataset.excerpts
    assert any("broken as published" in note and "098565" in note for note in dataset.notes[""])
    (tree / "fma_small" / "098" / "098565.mp3").unlink()
    assert len(load(tree)) == 24


@pytest.mark.parametrize("given", ["fma_small", "fma_small/", "."])
def test_ways_to_name_a_folder(tree, given):
    assert len(load(tree / given)) == 24


def test_tracks_csv_beside_the_clips(tree):
    (tree / "fma_metadata" / "tracks.csv").rename(tree / "fma_small" / "tracks.csv")
    assert len(load(tree / "fma_small")) == 24


def test_the_environment_names_a_folder(tree, monkeypatch):
    monkeypatch.setenv(fma_small.ENVIRONMENT, str(tree))
    assert len(load()) == 24
    assert "told by" in fma_small.info().state


def test_get_remembers(tree):
    report = get(tree)
    assert report.ok and report.n_excerpts == 24 and report.folder == tree
    assert len(load()) == 24
    assert str(tree) in fma_small.info().state


def test_no_copy_is_told_with_both_ways_and_the_size(monkeypatch):
    monkeypatch.setattr(resumable, "fetch", lambda *_, **__: pytest.fail("a download must not begin by accident"))
    for use in (load, check, fma_small.manifest):
        with refused("get fma-small`", "--from PATH", "7.5 GiB"):
            use()
    assert "7.5 GiB" in fma_small.info().state


@pytest.mark.parametrize("lost", ["fma_small", "fma_metadata"])
def test_half_a_copy(published, tmp_path, lost):
    other = {"fma_small": "fma_metadata", "fma_metadata": "fma_small"}[lost]
    half = copied(published, tmp_path / "half", other)
    with refused(str(half), f"neither {lost}/ nor {lost}.zip", f"fma/{lost}.zip", "--from PATH"):
        load(half)


def test_the_second_load_reads_no_table_and_no_clip(tree, monkeypatch):
    first = load(tree)
    monkeypatch.setattr(fma_tracks, "read", lambda *_: pytest.fail("tracks.csv was read again"))
    monkeypatch.setattr(fma_small, "_examine", lambda *_, **__: pytest.fail("a clip was read again"))
    assert load(tree).fingerprint == first.fingerprint


def test_a_changed_table_is_read_again(tree):
    load(tree)
    content = rows()
    content[0]["track", "title"] = "Another"
    remade(tree, content)
    assert load(tree).manifest.table["title"].iloc[0] == "Another"


def test_a_cache_that_cannot_be_written_costs_time_only(tree, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "file"))  # no folder can be made below a file
    dataset = load(tree)
    assert len(dataset) == 24 and len([note for note in dataset.notes[""] if "each time, since" in note]) == 2
    dataset.load("000002")
    with refused("cannot be remembered"):
        get(tree)


# clips that are wrong


def clip(tree: Path, number: int = 2005) -> Path:
    return tree / "fma_small" / f"{number:06}"[:3] / f"{number:06}.mp3"


DAMAGE = {
    "missing": (lambda path: path.unlink(), "is missing"),
    "another recording": (lambda path: path.write_bytes(mp3(7)), "does not match its checksum"),
    "one bit": (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\xff"), "checksum"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (lambda path: path.write_text("404 Not Found " * 99), "not audio"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_wrong_clip_is_named_and_left_out_only_when_allowed(tree, case):
    damage, words = DAMAGE[case]
    damage(clip(tree))
    with refused("002005", words, "--allow-missing"):
        load(tree)
    problems = check(tree).problems
    assert [problem.excerpt for problem in problems] == ["002005"] and problems[0].path == clip(tree)
    report = get(tree, allow_missing=True)
    assert report.n_excerpts == 23 and any("002005" in note and "left out" in note for note in report.notes)
    assert len(load()) == 23
    # Leave was given for one clip, not for whatever is lost next.
    clip(tree, 2006).unlink()
    with refused("002006"):
        load()
    # Who names the folder again says again whether clips may be missing.
    with refused("002005"):
        get(tree)


def test_a_clip_that_is_replaced_later_is_noticed(tree):
    dataset = load(tree)
    clip(tree).write_bytes(mp3(7))
    with refused("002005", "checksum"):
        dataset.load("002005")
    with refused("002005", "checksum"):
        load(tree)


def test_another_edition_is_refused(tree):
    for number in IDS[:20]:
        clip(tree, number).write_bytes(mp3(number + 1))
    with refused("another edition"):
        get(tree, allow_missing=True)


def test_without_published_checksums_clips_are_decoded_by_check(tree):
    (tree / "fma_small" / "checksums").unlink()
    assert len(load(tree)) == 24 and check(tree).ok
    # Sound at its beginning, so that it opens; silent after all.
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(22_050, np.float32), 22_050, format="MP3")
    clip(tree).write_bytes(buffer.getvalue())
    assert len(load(tree)) == 24
    assert [(problem.excerpt, problem.reason) for problem in check(tree).problems] == [("002005", "is silent")]
    clip(tree).write_bytes(b"no music")
    with refused("002005", "not audio"):
        load(tree)


# tracks.csv


def remade(tree: Path, content: list[dict] | None = None, headings: list | None = None) -> Path:
    path = tree / "fma_metadata" / "tracks.csv"
    write_tracks(path, content, headings)
    (path.parent / "checksums").unlink(missing_ok=True)
    return path


@pytest.mark.parametrize("heading", [heading for heading in HEADINGS if heading[:2] in fma_tracks._COLUMNS])
def test_a_column_that_is_missing(tree, heading):
    path = remade(tree, headings=[other for other in HEADINGS if other != heading])
    with refused(str(path), f"lacks the column {heading[0]}, {heading[1]}", "fma_metadata.zip"):
        load(tree)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"track__genre_top": ""}, ("track 4", "genre_top is ''")),
        ({"set__split": "valid"}, ("track 4", "split is 'valid'")),
        ({"__": "4.5"}, ("track 4.5", "track_id")),
        ({"__": "2"}, ("repeats the id",)),
    ],
)
def test_a_bad_row(tree, changes, words):
    path = remade(tree, [*rows(), track(4, 0, **changes)])
    with refused(str(path), *words):
        load(tree)


def test_tables_that_are_none(tree):
    path = remade(tree)
    good = path.read_bytes()
    lines = good.split(b"\n")
    cases = {
        b"": "three rows of headings",
        b"track_id,subset\n2,small\n": "three rows of headings",
        b"\n".join([*lines[:2], *lines[3:]]): "three rows of headings",
        good.replace(b",small,", b",large,"): "no track in the subset small",
        b"\n".join(lines[:3]): "no track in the subset small",
        good[: good.rindex(b"accordion")]: "not the table expected",
        good.replace("néw".encode(), "néw".encode("latin-1")): "not the table expected",
    }
    for content, words in cases.items():
        path.write_bytes(content)
        with refused(str(path), words, "fma_metadata.zip"):
            load(tree)


def test_a_table_that_was_cut_is_not_a_smaller_dataset(tree):
    path = tree / "fma_metadata" / "tracks.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-5]))
    with refused(str(path), "checksum", "unpack fma_metadata.zip again"):
        load(tree)


# artists


def test_artists_of_one_name_differ_and_spellings_of_one_artist_meet():
    ids = ["1", "2", "3", "3", "3", "", "4", "5"]
    names = ["Tuba", "TUBA!", "Horn", "The Horn", "The Horn", "Nobody", "", "Tuba [artist 1]"]
    assert fma_tracks.artist_names(ids, names) == [
        "Tuba [artist 1]",
        "TUBA! [artist 2]",
        "The Horn",
        "The Horn",
        "The Horn",
        "Nobody",
        "[artist 4]",
        "Tuba [artist 1] [artist 5]",
    ]


@given(st.lists(st.tuples(st.integers(0, 12).map(str), st.text("aA1é! []artis", max_size=8)), max_size=30), st.data())
def test_names_are_the_ids(tracks, data):
    ids, names = [artist for artist, _ in tracks], [name.strip() for _, name in tracks]
    result = fma_tracks.artist_names(ids, names)
    assert all(result)
    # Two tracks have one artist's name, as an artist filter reads it, exactly when they have one id.
    of_name = {}
    for artist, name in zip(ids, result, strict=True):
        assert of_name.setdefault(fma_tracks._letters(name), artist) == artist
    assert len(set(result)) == len(set(ids))
    order = data.draw(st.permutations(range(len(ids))))
    shuffled = fma_tracks.artist_names([ids[i] for i in order], [names[i] for i in order])
    assert shuffled == [result[i] for i in order]


# zip files


def test_zip_files_are_unpacked_into_the_cache(zips, tree, own_cache):
    report = get(zips)
    fetched = own_cache / "datasets" / "fma-small"
    assert report.ok and report.n_excerpts == 24 and report.folder == fetched
    assert (zips / "fma_small.zip").is_file() and not list(zips.glob("fma_small/"))
    assert not (fetched / "fma_metadata" / "features.csv").exists()  # 1 GB of no use here
    unpacked = load()
    assert unpacked.manifest.sha == load(tree).manifest.sha
    # What was unpacked stays when the zip files go.
    for path in zips.iterdir():
        path.unlink()
    assert load().fingerprint == unpacked.fingerprint


def test_a_zip_file_may_be_given_itself(zips):
    assert len(load(zips / "fma_small.zip")) == 24


def test_a_folder_and_a_zip_file(published, zips, tmp_path):
    mixed = copied(published, tmp_path / "mixed", "fma_small", "fma_metadata.zip")
    report = get(mixed)
    assert report.folder == mixed and clip(mixed) in load().files.values()


def test_what_is_in_the_cache_completes_a_folder_and_replaces_none(published, zips, tmp_path):
    get(zips)
    clips = copied(published, tmp_path / "clips", "fma_small")
    assert clip(clips) in load(clips).files.values()
    (tmp_path / "empty").mkdir()
    with refused(str(tmp_path / "empty"), "neither fma_small/ nor fma_small.zip"):
        load(tmp_path / "empty")


@pytest.mark.parametrize("name", ["fma_small", "fma_metadata"])
def test_a_wrong_zip_file(zips, own_cache, name):
    path = zips / f"{name}.zip"
    path.write_bytes(path.read_bytes()[:-10])
    with refused(str(path), "SHA-1", f"{name}.zip"):
        load(zips)
    assert not (own_cache / "datasets" / "fma-small" / name).exists()


def test_a_zip_file_is_verified_once(zips, own_cache, monkeypatch):
    get(zips)
    (own_cache / "datasets" / "fma-small" / "fma_small.complete").unlink()
    monkeypatch.setattr("music_adversaries.book.datasets.base.file_digest", lambda *_: pytest.fail("read again"))
    assert len(load(zips)) == 24


def test_interrupted_unpacking_goes_on(zips, own_cache, monkeypatch):
    real, calls = fma_small.shutil.copyfileobj, []

    def interrupted(source, target, length):
        calls.append(source.name)
        if len(calls) == 12:
            target.write(source.read(100))
            raise KeyboardInterrupt
        real(source, target, length)

    monkeypatch.setattr(fma_small.shutil, "copyfileobj", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get(zips)
    with refused("no copy of fma-small is known"):
        load()
    assert len(get(zips).notes) and len(load()) == 24
    # README, checksums, clips and tracks.csv: each once, and the interrupted one again.
    assert len(calls) == len(set(calls)) + 1
    assert not [path for path in own_cache.rglob(".*") if path.is_file()]


def test_no_space_to_unpack(zips, own_cache, monkeypatch):
    monkeypatch.setattr(fma_small.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000}))
    with refused("fma_small.zip", "GiB", "free some space", "MUSIC_ADVERSARIES_CACHE"):
        load(zips)
    assert not list(own_cache.rglob("*.mp3"))


def test_a_file_of_another_name_in_a_zip_is_not_unpacked(zips, own_cache, monkeypatch):
    with zipfile.ZipFile(zips / "fma_small.zip", "a") as packed:
        packed.writestr("fma_small/../../evil.mp3", b"x")
        packed.writestr("evil.py", b"x")
    known(zips, monkeypatch)
    get(zips)
    assert not list(own_cache.parent.rglob("evil*"))


# the download


@dataclass
class Web:
    """A local server of one folder: with ranges or not, and with connections that break."""

    folder: Path
    ranges: bool = True
    breaks: list[float] = field(default_factory=list)  # of the next answers, what share is sent
    answers: list[int] = field(default_factory=list)  # of the next answers, a status in place of the file
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0
    url: str = ""


@pytest.fixture
def web(published, monkeypatch):
    served = Web(published)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range", "")
            served.asked.append((self.path, wanted))
            if served.answers:
                self.send_response(served.answers.pop(0))
                self.end_headers()
                return
            content = (served.folder / self.path.strip("/")).read_bytes()
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and served.ranges else 0
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            share = served.breaks.pop(0) if served.breaks else 1
            part = content[start : start + round(share * (len(content) - start))]
            served.sent += len(part)  # before: the test goes on as soon as it has read the last byte
            self.wfile.write(part)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    known(published, monkeypatch, served.url)
    monkeypatch.setattr(resumable, "_CHUNK", 4_096)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(web: Web, path: Path, name: str = "fma_small.zip", sha1: str | None = None) -> None:
    sha1 = sha1 or hashlib.sha1((web.folder / name).read_bytes()).hexdigest()
    resumable.fetch(f"{web.url}/{name}", f"sha1:{sha1}", path, otherwise="do something else", progress=False)


def test_get_downloads_unpacks_and_tidies_up(web, tree, own_cache):
    report = get()
    assert report.ok and report.n_excerpts == 24
    assert [path for path, _ in web.asked] == ["/fma_metadata.zip", "/fma_small.zip"]
    assert load().manifest.sha == load(tree).manifest.sha
    assert "downloaded" in fma_small.info().state
    assert not list(own_cache.rglob("*.zip*"))
    get()
    assert len(web.asked) == 2


def test_a_broken_connection_is_taken_up_where_it_broke(web, tmp_path):
    whole = (web.folder / "fma_small.zip").read_bytes()
    web.breaks = [0.5, 0.5, 0.0]
    fetch(web, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == whole
    assert web.sent < len(whole) + 2 * resumable._CHUNK  # all that was sent twice is what was on its way
    starts = [int(re.search(r"\d+", wanted)[0]) for _, wanted in web.asked[1:]]
    assert web.asked[0][1] == "" and 0 < starts[0] < starts[1] == starts[2] < len(whole)
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["a.zip"]


def test_a_download_goes_on_in_another_session(web, tmp_path):
    web.breaks = [0.5] + 20 * [0.0]
    with refused("fma_small.zip", "MiB that arrived are kept", "do something else"):
        fetch(web, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
    web.breaks, sent = [], web.sent
    fetch(web, tmp_path / "a.zip")
    size = (web.folder / "fma_small.zip").stat().st_size
    assert 0 < sent < size <= web.sent < size + resumable._CHUNK
    assert (tmp_path / "a.zip").read_bytes() == (web.folder / "fma_small.zip").read_bytes()


def test_the_state_tells_how_much_has_arrived(own_cache, monkeypatch):
    part = own_cache / "datasets" / "fma-small" / "fma_small.zip.part"
    part.parent.mkdir(parents=True)
    with open(part, "wb") as file:
        file.truncate(3 * 2**30)
    assert "of which 3.0 GiB are here" in fma_small.info().state
    with refused("no copy of fma-small is known"):
        load()


def test_a_server_without_ranges_sends_all_of_it_again(web, tmp_path):
    web.ranges, web.breaks = False, [0.5]
    fetch(web, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == (web.folder / "fma_small.zip").read_bytes()
    # One that breaks at the same place for ever is given up.
    web.breaks = 50 * [0.5]
    with refused("could not be downloaded"):
        fetch(web, tmp_path / "b.zip")
    assert len(web.asked) < 12


def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(web, tmp_path):
    web.answers = [503, 429]
    fetch(web, tmp_path / "a.zip")
    assert len(web.asked) == 3
    web.answers = [404]
    with refused("/fma_small.zip could not be downloaded"):
        fetch(web, tmp_path / "b.zip")
    assert len(web.asked) == 4


def test_a_wrong_checksum_is_never_believed(web, tmp_path):
    with refused("does not match its checksum", "try again"):
        fetch(web, tmp_path / "a.zip", sha1="0" * 40)
    assert not list(tmp_path.glob("a.zip*"))
    # A part of another file ends the same way, and the next attempt begins anew.
    (tmp_path / "a.zip.part").write_bytes(b"other" * 100)
    with refused("does not match its checksum"):
        fetch(web, tmp_path / "a.zip")
    fetch(web, tmp_path / "a.zip")


@pytest.mark.parametrize("surplus", [0, 10])
def test_a_part_that_is_whole_or_too_long(web, tmp_path, surplus):
    whole = (web.folder / "fma_small.zip").read_bytes()
    (tmp_path / "a.zip.part").write_bytes(whole + surplus * b"x")
    fetch(web, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == whole and web.sent == (len(whole) if surplus else 0)


def test_an_interruption_while_the_checksum_is_computed_loses_nothing(web, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pooch.core.hash_matches", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(web, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
    fetch(web, tmp_path / "a.zip")
    assert web.sent == (tmp_path / "a.zip").stat().st_size


def test_a_download_broken_off_in_the_second_archive_keeps_the_first(web, own_cache):
    web.breaks = [1.0, 0.5] + 20 * [0.0]
    with refused("fma_small.zip", "are kept", "--from PATH"):
        get()
    with refused("no copy of fma-small is known"):
        load()
    web.breaks, web.asked = [], []
    assert get().n_excerpts == 24
    assert [path for path, _ in web.asked] == ["/fma_small.zip"] and web.asked[0][1].startswith("bytes=")


def test_no_space_to_download(web, monkeypatch):
    monkeypatch.setattr(fma_small.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000}))
    with refused("cannot be downloaded", "GiB", "free some space"):
        get()
    assert not web.asked


def test_a_full_disk(web, tmp_path, monkeypatch):
    def full(self, url):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(resumable.Resumable, "_attempt", full)
    with refused("a.zip could not be written", "No space left", "MUSIC_ADVERSARIES_CACHE"):
        fetch(web, tmp_path / "a.zip")


def test_offline(tmp_path, monkeypatch):
    for constant in ("AUDIO", "METADATA"):
        archive = getattr(fma_small, constant)
        monkeypatch.setattr(fma_small, constant, replace(archive, url="http://127.0.0.1:9/x.zip", n_bytes=9))
    with refused("127.0.0.1:9", "could not be downloaded", "connect to the network", "--from PATH"):
        get()
