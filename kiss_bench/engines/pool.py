"""A pool of worker processes that share one value and outlast whatever a piece of work does to one of them."""

import contextlib
import itertools
import pickle
from collections.abc import Callable, Iterable, Iterator
from queue import Empty
from typing import Any, TypeVar

from kiss_bench.engines.crew import Crew
from kiss_bench.engines.messages import Ended
from kiss_bench.engines.premises import Premises
from kiss_bench.engines.processes import warm_up, workers_for
from kiss_bench.errors import KissBenchError
from kiss_bench.plan.plan import Limits

Item = TypeVar("Item")
WINDOW = 2
"""Items a worker that are taken from the caller at a time: one in hand, one to go on with."""
POLL = 0.1
"""Seconds after which a wait looks up to see whether it should end; a signal handler runs in between."""
NO_MORE: Any = object()


class Pool:
    """`jobs` workers (one a core unless fewer are asked for, and never more than cores).

    Raises RecordError where `shared` cannot be written into a temporary folder, and KissBenchError where no process
    can be started.
    """

    def __init__(self, shared: Any, jobs: int | None = None, limits: Limits | None = None) -> None:
        warm_up()
        self.size = workers_for(jobs)
        self.premises = Premises(shared)
        with contextlib.ExitStack() as undo:
            undo.callback(self.premises.close)
            self.crew = Crew(self.size, self.premises, limits or Limits())
            undo.pop_all()
        self._numbers = itertools.count()
        self._handed = 0
        """Results that the caller has in hand, one or none."""

    def each(self, function: Callable[[str, Item], Any], items: Iterable[Item]) -> Iterator[tuple[Item, Ended]]:
        """Yields every item with what became of `function(path, item)`, as it ends; `path` is for `laid_out`.

        Items are taken from `items` as workers come free. Raises KissBenchError where no worker can be kept alive.
        """
        source, asked = iter(items), dict[int, Item]()
        try:
            while True:
                while not self.crew.finishing and len(asked) < WINDOW * self.size:
                    item = next(source, NO_MORE)
                    if item is NO_MORE:
                        break
                    number = next(self._numbers)
                    asked[number] = item
                    self.crew.put(number, pickle.dumps((function, item), protocol=5))
                if self.crew.finishing:
                    self._forget(asked)
                if not asked:
                    return
                for number, ended in self._heard():
                    if number in asked:  # else of a caller who has lost interest
                        self._handed = 1
                        yield asked.pop(number), ended
                        self._handed = 0
        finally:
            self._handed = 0
            self._forget(asked)

    def _heard(self) -> Iterator[tuple[int, Ended]]:
        """The next result, if there is one before long."""
        with contextlib.suppress(Empty):
            found = self.crew.results.get(timeout=POLL)
            if found is None:
                raise KissBenchError(self.crew.broken or "the workers were sent away before they were done")
            number, ended = found
            yield number, pickle.loads(ended) if isinstance(ended, bytes) else ended  # noqa: S301  (from our worker)

    def _forget(self, asked: dict[int, Any]) -> None:
        for number in self.crew.take_back():
            asked.pop(number, None)

    def finish(self) -> int:
        """Lets `each` end with the items that workers have in hand, or have done with; tells how many these are.

        Those count that the caller has not dealt with yet. Only sets a flag, so that a signal handler may call it.
        """
        self.crew.finishing = True
        return self.crew.under_way + self.crew.results.qsize() + self._handed

    def close(self) -> None:
        """Kills the workers and removes what they shared."""
        self.crew.close()
        self.premises.close()
