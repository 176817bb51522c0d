"""Draw the picture of the README from the system and the music of the book's default run.

python tools/readme_picture.py
"""

from __future__ import annotations

import refresh
from music_adversaries import adversary
from music_adversaries.book import figures, harness
from music_adversaries.cache import atomic_path

PICTURE = refresh.BOOK / "_static" / "adversary.png"


def main() -> None:
    config = harness.Config()
    dataset = harness.load_dataset(config, progress=True)
    system = harness.trained_system(config, dataset)
    waveforms, truth = harness.test_set(system, dataset)
    excerpt = next(e for e, t in zip(waveforms, truth, strict=True) if t == "classical")
    (result,) = adversary.attack(system, [waveforms[excerpt]], ["reggae"])
    figure = figures.spectrogram_triple(
        result.original, result.waveform, labels=(result.original_label, result.label), seconds=4
    )
    with atomic_path(PICTURE) as path:
        path.write_bytes(figure.png())
    print(f"{PICTURE.relative_to(refresh.ROOT)}: {figure.alt_text}")


if __name__ == "__main__":
    main()
