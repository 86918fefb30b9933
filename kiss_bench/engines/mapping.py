"""A pure function over many items, in worker processes like those of the local engine."""

import functools
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from kiss_bench.engines.local import QuietContext, available_cores, warm_up
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
    from kiss_bench.engines import worker

    warm_up()
    folder = Path(tempfile.mkdtemp(prefix="kiss-bench-"))
    with (folder / "shared").open("wb") as file:
        pickle.dump(shared, file, protocol=5)
    pool: Any = ProcessPool(
        max_workers=jobs or available_cores(),
        context=QuietContext(),
        initializer=worker.start,
        initargs=(str(folder),),
    )
    try:
        path = str(folder / "shared")
        waiting: dict[Future[Found], Item] = {pool.schedule(_do, args=(path, work, item)): item for item in items}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                item = waiting.pop(future)
                yield item, _found(future)
    finally:
        pool.stop()
        pool.join()
        shutil.rmtree(folder, ignore_errors=True)


def _found(future: "Future[Found]") -> Found:
    try:
        return future.result()
    except ProcessExpired as error:
        why = ", as happens when memory runs out" if error.exitcode == -9 else ""
        raise KissBenchError(f"a worker process died (exit code {error.exitcode}{why})") from None


def _do(path: str, work: Callable[[Shared, Item], Found], item: Item) -> Found:
    return work(_load(path), item)


@functools.lru_cache(maxsize=1)
def _load(path: str) -> Any:
    """What all items share, read once per worker."""
    with Path(path).open("rb") as file:
        return pickle.load(file)  # noqa: S301  (written by the parent a moment ago, in its own folder)
