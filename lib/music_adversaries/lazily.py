"""Packages that import each of their modules on first use (PEP 562).

``from package import name``, ``from package import *`` and ``dir(package)`` work as usual. Type checkers read the
imports under ``TYPE_CHECKING`` in the package itself.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def attach(package: str, names: Mapping[str, Sequence[str]]) -> None:
    """Let a package offer names of its modules, each imported on first use.

    Parameters
    ----------
    package : its ``__name__``
    names : for each module, the names that the package offers from it

    A module that the package does not mention can still be reached as an attribute of the package.
    """
    module = sys.modules[package]
    vars(module)["_offered"] = {name: where for where, offered in names.items() for name in offered}
    module.__class__ = _Package


class _Package(ModuleType):
    _offered: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        where = self._offered.get(name)
        if where is not None:
            value = getattr(import_module(f"{self.__name__}.{where}"), name)
        elif name.isidentifier() and not name.startswith("_") and find_spec(f"{self.__name__}.{name}"):
            value = import_module(f"{self.__name__}.{name}")
        else:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        vars(self)[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # An imported module becomes an attribute of its package. If the package offers a function of the same
        # name, such as `partitions.audit`, the attribute stays that function, whichever is imported first.
        if name in self._offered and isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}":
            return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *self._offered})
