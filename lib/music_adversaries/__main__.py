"""The command ``music-adversaries`` as ``python -m music_adversaries``."""

from .book.main import main

if __name__ == "__main__":
    main()
