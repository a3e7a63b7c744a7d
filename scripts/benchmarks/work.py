"""What the benchmarks have in common: work that several do, timed in turns."""

import statistics
import time
from collections.abc import Callable

import attrs
from rich.console import Console


@attrs.frozen
class Work:
    """One kind of work, by each of those that do it, and the ratio to reach."""

    name: str
    peer: str
    target: float
    unit: str
    rounds: int
    by: dict[str, Callable[[], float]]

    def medians(self, *, quick: bool) -> dict[str, float]:
        """The median of each, over interleaved rounds; a fifth of them if it has to be quick."""
        rounds = max(2, self.rounds // 5) if quick else self.rounds
        times: dict[str, list[float]] = {name: [] for name in self.by}
        with Console(stderr=True).status(self.name):
            for run in self.by.values():
                run()  # connections, caches and bytecode are there before the first round that counts
            for _ in range(rounds):
                for name, run in self.by.items():
                    times[name].append(run())
        return {name: statistics.median(values) for name, values in times.items()}


def timed(call: Callable[[], object], count: int = 1) -> Callable[[], float]:
    """A function that tells how many seconds a call takes, on the average of so many."""

    def run() -> float:
        started = time.perf_counter()
        for _ in range(count):
            call()
        return (time.perf_counter() - started) / count

    return run
