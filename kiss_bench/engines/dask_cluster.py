"""A Dask cluster of our own on this machine: the scheduler in this process, each worker a process that ends with it.

Dask's LocalCluster would import the caller's script again in each worker and leave its workers to a nanny, whose
children are not allowed children. These are plain commands: `python -m kiss_bench.engines.dask_cluster FOLDER`.
"""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from kiss_bench.engines.processes import warm_up
from kiss_bench.errors import KissBenchError

LOOPBACK = "127.0.0.1"
UNWATCHED = {"distributed.worker.profile.enabled": False}
"""Dask looks at what its threads do a hundred times a second; ours wait for a process."""
GIVE_UP = 10
"""So many workers in a row may end before any of them is heard of."""
FAREWELL = 5.0
"""Seconds in which a worker has to end before it is killed."""


class OwnCluster:
    """`count` Dask workers of one thread each, and their scheduler; reachable from this machine alone."""

    def __init__(self, count: int) -> None:
        self.folder = tempfile.mkdtemp(prefix="kiss-bench-")
        self.address = ""
        self.ended = 0
        # They load their libraries while this process loads Dask and reads the data.
        self.workers = [self._start() for _ in range(count)]
        import dask
        from distributed import Scheduler
        from distributed.deploy.spec import SpecCluster

        class Portless(Scheduler):
            def start_http_server(self, *_: Any, **__: Any) -> None:
                """No dashboard, and no port for one."""

        options = {"host": LOOPBACK, "port": 0, "dashboard": False, "local_directory": self.folder}
        scheduler = {"cls": Portless, "options": options}
        with dask.config.set(UNWATCHED):
            self.cluster = SpecCluster(
                scheduler=scheduler, workers={}, asynchronous=False, silence_logs=logging.CRITICAL
            )
        self.address = self.cluster.scheduler_address
        for worker in self.workers:
            self._call(worker)

    def _start(self) -> "subprocess.Popen[bytes]":
        # -P and the path of this process: what it can import, and nothing that lies about in its working directory
        path = os.pathsep.join(folder for folder in sys.path if folder)
        return subprocess.Popen(  # noqa: S603  (our own command)
            [sys.executable, "-P", "-m", __name__, self.folder],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "TMPDIR": self.folder},  # cleared away as one, whoever is killed
            start_new_session=True,  # Ctrl-C is for this process, which knows what to do about it
        )

    def _call(self, worker: "subprocess.Popen[bytes]") -> None:
        """Tells a worker where the scheduler is; it ends as soon as this pipe does."""
        assert worker.stdin is not None
        with suppress(BrokenPipeError):  # it is dead: see `revive`
            worker.stdin.write(f"{self.address}\n".encode())
            worker.stdin.flush()

    def revive(self, present: int) -> None:
        """Starts a new worker for each that ended; `present` is how many the scheduler has.

        Raises KissBenchError where they end again and again before any is present.
        """
        self.ended = 0 if present else self.ended
        for place, worker in enumerate(self.workers):
            if worker.poll() is not None:
                self.ended += 1
                if self.ended > GIVE_UP:
                    raise KissBenchError(
                        f"the Dask workers end as soon as they start (exit code {worker.returncode}); "
                        "try --engine local"
                    )
                _hang_up(worker)
                self.workers[place] = self._start()
                self._call(self.workers[place])

    def close(self) -> None:
        for worker in self.workers:
            _hang_up(worker)
        for worker in self.workers:
            try:
                worker.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        self.cluster.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _hang_up(worker: "subprocess.Popen[bytes]") -> None:
    assert worker.stdin is not None
    with suppress(BrokenPipeError):
        worker.stdin.close()


async def _serve(address: str, folder: Path) -> None:
    """A Dask worker until its parent or its scheduler is gone."""
    from distributed import Worker

    class Portless(Worker):
        def start_http_server(self, *_: Any, **__: Any) -> None:
            """No dashboard, and no port for one."""

    # memory_limit: what a unit may take is a matter of our own rules, not of Dask's
    worker: Any = Portless(address, nthreads=1, host=LOOPBACK, memory_limit=0, local_directory=str(folder))
    threading.Thread(target=_end_with_parent, args=(worker, folder), daemon=True).start()
    await worker
    await worker.finished()


def _end_with_parent(worker: Any, folder: Path) -> None:
    from kiss_bench.engines.dask_worker import Serving

    sys.stdin.read()
    late = threading.Timer(FAREWELL, os._exit, (1,))
    late.daemon = True
    late.start()
    for plugin in list(worker.plugins.values()):
        if isinstance(plugin, Serving):
            plugin.close()  # it has processes, and the user's rows
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """The command of one worker; its folder is the argument, the scheduler's address the first line of its input."""
    folder = Path(sys.argv[1])
    warm_up()
    import dask
    from distributed.utils import silence_logging_cmgr

    dask.config.set(UNWATCHED)

    address = sys.stdin.readline().strip()
    if not address:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with silence_logging_cmgr(logging.CRITICAL):
            asyncio.run(_serve(address, folder))


if __name__ == "__main__":
    main()
