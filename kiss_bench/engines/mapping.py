"""A pure function over many items, in worker processes like those of the local engine."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from kiss_bench.engines.layout import laid_out
from kiss_bench.engines.messages import Ended
from kiss_bench.engines.pool import Pool
from kiss_bench.errors import KissBenchError

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Found = TypeVar("Found")


def each(
    work: Callable[[Shared, Item], Found], shared: Shared, items: Iterable[Item], jobs: int | None = None
) -> Iterator[tuple[Item, Found]]:
    """Yield every item with `work(shared, item)` as it ends, in an order of its own; `work` is a module's function.

    An exception of `work` is raised here. Raises KissBenchError where a worker process dies.
    """
    pool = Pool(shared, jobs)
    try:
        for (_, item), ended in pool.each(_do, ((work, item) for item in items)):
            yield item, _found(ended)
    finally:
        pool.close()


def _do(path: str, task: tuple[Callable[[Shared, Item], Found], Item]) -> Found:
    work, item = task
    return work(laid_out(path), item)


def _found(ended: Ended) -> Any:
    if ended.exception is not None:
        raise pickle.loads(ended.exception)  # noqa: S301  (from our own worker)
    if ended.error:
        raise KissBenchError(f"{ended.error}: {ended.reason}")
    return ended.value
