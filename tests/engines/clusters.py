"""Real Dask clusters for tests: commands in processes of their own, and what is left of them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

from distributed import Client

DASK = [sys.executable, "-m", "dask"]


class Traces:
    """A mark that every process below one inherits, and a folder for all that they put aside."""

    def __init__(self, folder):
        self.mark, self.folder = uuid.uuid4().hex, folder
        folder.mkdir(exist_ok=True)

    @property
    def environment(self):
        return {**os.environ, "KISS_BENCH_TRACE": self.mark, "TMPDIR": str(self.folder)}

    def processes(self):
        """Ids of all living processes with the mark."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes():
                    state = (entry / "stat").read_text(encoding="utf8").rpartition(")")[2].split()[0]
                    found += [int(entry.name)] if state != "Z" else []
        return found

    def files(self):
        """What runs have put aside; a Dask worker's own scratch folder is its own affair."""
        return [path for path in self.folder.iterdir() if path.name.startswith("kiss-bench")]


class Cluster:
    """A scheduler and workers, started in a working directory of their own."""

    def __init__(self, folder):
        self.here = folder / "elsewhere"
        self.here.mkdir(parents=True)
        self.traces = Traces(folder / "put_aside")
        self.started = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", port, "--dashboard-address", ":0")

    def worker(self, *words, environment=None):
        return self._start("worker", self.address, "--host", "127.0.0.1", "--no-dashboard", *words, env=environment)

    def _start(self, *words, env=None):
        with (self.here / "log.txt").open("a") as log:
            process = subprocess.Popen(
                [*DASK, *words], cwd=self.here, env={**self.traces.environment, **(env or {})}, stdout=log, stderr=log
            )
        self.started.append(process)
        return process

    def wait_for(self, count):
        with Client(self.address, timeout=30, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=30)
            return self

    def present(self):
        """Name -> process id of every worker."""
        with Client(self.address, timeout=30, set_as_default=False) as client:
            return client.run(os.getpid)

    def close(self):
        scheduler, *workers = self.started
        for ending in (workers, [scheduler]):  # a worker without its scheduler takes half a minute to say goodbye
            for process in ending:
                process.terminate()
            for process in ending:
                process.wait(20)
        for left in self.traces.processes():
            os.kill(left, signal.SIGKILL)


def wait_until(true, seconds=30.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())
