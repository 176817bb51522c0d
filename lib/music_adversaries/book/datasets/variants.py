"""A generated dataset with its knobs turned, by name: ``"synthetic:faults=no,production_strength=0.5"``.

A variant can be used wherever a dataset is named: in a configuration, on the command line.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InputError

if TYPE_CHECKING:
    from .synthetic import Dose

KNOBS = ("production_strength", "production_genre_correlation", "habit_strength", "faults", "seed")

_SWITCH = {"yes": True, "no": False}


def split(name: str) -> tuple[str, Dose]:
    """The dataset's name and the knobs that are turned.

    Raises
    ------
    InputError
        When a knob is unknown or its value is bad.
    """
    base, colon, written = name.partition(":")
    if colon and not written.strip():
        raise InputError(f"the dataset {name!r} turns no knob; write {base!r}, or name a knob after the colon.")
    knobs: Dose = {}
    for one in filter(None, written.split(",")):
        knob, _, value = one.strip().partition("=")
        if knob not in KNOBS:
            raise InputError(f"the dataset {name!r} has no knob {knob!r}; choose from {', '.join(KNOBS)}.")
        if knob == "faults":
            if value not in _SWITCH:
                raise InputError(f"the dataset {name!r} sets faults to {value!r}; write faults=yes or faults=no.")
            knobs["faults"] = _SWITCH[value]
            continue
        try:
            match knob:
                case "seed":
                    knobs["seed"] = int(value)
                case "production_strength" | "production_genre_correlation" | "habit_strength":
                    knobs[knob] = float(value)
        except ValueError:
            raise InputError(f"the dataset {name!r} sets {knob} to {value!r}; give a number.") from None
    return base, knobs
