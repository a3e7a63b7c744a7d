"""Servers to prove the suite with: mutants, each broken in one way, and conforming variants, each as good in another way.

`MUTANTS` and `CONFORMING` have them by name; `MUTANTS[name].apply(server)` makes a mock server that one. `another_server`
is a server of its own, with mutants of its own.
"""

from collections.abc import Mapping

from . import accepted, bodies, creation, deletion, fields, keys, refused, reports, statuses
from .conforming import CONFORMING
from .mutant import Mutant

__all__ = ["CONFORMING", "FAMILIES", "MUTANTS", "Mutant"]

FAMILIES = (statuses, keys, bodies, fields, creation, reports, deletion, accepted, refused)

MUTANTS: Mapping[str, Mutant] = {name: mutant for family in FAMILIES for name, mutant in family.MUTANTS.items()}
