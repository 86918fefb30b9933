"""A crew of workers and the thread that watches over them: hands out, listens, holds to the limits, replaces the dead.

Each worker has a pipe of its own, so that one that dies in the middle of a word garbles nobody else's.
"""

import contextlib
import os
import threading
import time
from collections import deque
from multiprocessing.connection import wait
from queue import SimpleQueue
from typing import Any

from kiss_bench.engines.hand import Hand, Job, gigabytes
from kiss_bench.engines.messages import ANSWER, BEGUN, READY, Ended
from kiss_bench.engines.premises import Premises
from kiss_bench.engines.processes import warm_up
from kiss_bench.plan.plan import Limits

Result = tuple[int, bytes | Ended]
"""Number of a job and what became of it: a pickled Ended from its worker, or one that the crew made up."""
TICK = 0.05
"""Seconds between two looks at the memory of the workers."""
MOST_TRIES = 3
"""Workers that may die with a job in hand that they had not begun."""
MOST_STARTS = 5
"""Workers that may die one after the other while they start, before the crew gives up."""
GRACE = 1.0
"""Seconds for a worker that hung up to die of itself, and so to tell what it died of."""
PAUSE = 0.2
"""Seconds to wait after the first of them, twice as long after each further one."""


class Crew:
    """Up to `size` workers. What comes of a job is in `results`; a None there means that nobody works any more."""

    def __init__(self, size: int, premises: Premises, limits: Limits) -> None:
        self.size, self.premises, self.limits = size, premises, limits
        self.results: SimpleQueue[Result | None] = SimpleQueue()
        self.broken = ""
        """Why the crew gave up, as a sentence."""
        self.finishing = False
        """Whether no further job is begun; a signal handler may set it."""
        self._waiting: deque[Job] = deque()
        self._hands: list[Hand] = []
        self._closing = False
        self._failed_starts, self._not_before, self._next_look = 0, 0.0, 0.0
        self._bell, self._rope = os.pipe()
        for end in (self._bell, self._rope):
            os.set_blocking(end, False)
        self._thread = threading.Thread(target=self._watch_over, name="kiss-bench crew", daemon=True)
        self._thread.start()

    @property
    def under_way(self) -> int:
        """How many jobs are in the hands of workers."""
        return sum(hand.job is not None for hand in tuple(self._hands))

    def put(self, number: int, content: bytes) -> None:
        """One more job: a pickled function and its item."""
        self._waiting.append(Job(number=number, content=content))
        self._ring()

    def take_back(self) -> list[int]:
        """The numbers of the jobs that nobody has taken up yet; nobody will."""
        found = []
        with contextlib.suppress(IndexError):
            while True:
                found.append(self._waiting.pop().number)
        return found

    def close(self) -> None:
        """Kills all workers, now."""
        self._closing = True
        self._ring()
        self._thread.join()
        os.close(self._bell)
        os.close(self._rope)

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it has been rung often enough
            os.write(self._rope, b"!")

    def _watch_over(self) -> None:
        try:
            while not (self._closing or self.broken):
                self._staff()
                self._hand_out()
                self._listen()
                self._look()
        finally:
            for hand in self._hands:
                hand.kill()
            for hand in self._hands:
                hand.process.join()
                hand.dismiss()
            self._hands.clear()
            self.results.put(None)

    def _staff(self) -> None:
        while len(self._hands) < self.size and time.monotonic() >= self._not_before and not self.broken:
            warm_up()  # should the fork server have died
            try:
                hand = Hand(self.premises.path)
            except (OSError, EOFError) as error:
                self._could_not_start(f"could not be started ({error or type(error).__name__})")
                continue
            self._hands.append(hand)
            self.premises.hired(hand.pid)

    def _could_not_start(self, how: str) -> None:
        self._not_before = time.monotonic() + PAUSE * 2**self._failed_starts
        self._failed_starts += 1
        if self._failed_starts >= MOST_STARTS and not any(hand.ready for hand in self._hands):
            self.broken = (
                f"{self._failed_starts} worker processes in a row ended while they started; the last one {how}. "
                "Everything finished is stored; with more memory or fewer --jobs the same command goes on from there"
            )

    def _hand_out(self) -> None:
        for hand in self._hands:
            if not hand.free or self.finishing:
                continue
            try:
                job = self._waiting.popleft()
            except IndexError:
                return
            if not hand.give(job):
                self._waiting.appendleft(job)

    def _listen(self) -> None:
        """Waits for the next thing to happen, at most one tick, and deals with it."""
        places: dict[Any, tuple[Hand, str]] = {}
        for hand in self._hands:
            places[hand.process.sentinel] = (hand, "ended")
            if hand.printing:
                places[hand.output] = (hand, "printed")
            if not hand.mute:
                places[hand.pipe] = (hand, "said")
        happened = [places[place] for place in wait([self._bell, *places], self._patience()) if place in places]
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, 1 << 16)
        for hand, what in happened:
            if what == "printed":
                hand.read()
            elif what == "said":
                self._hear(hand)
        for hand, what in happened:
            if what == "ended":
                self._bury(hand)

    def _patience(self) -> float:
        return max(min(self._next_look - time.monotonic(), TICK), 0.0)

    def _hear(self, hand: Hand) -> None:
        message = hand.hear()
        if message is None:
            return
        if message[:1] == READY:
            hand.ready, self._failed_starts, self._not_before = True, 0, 0.0
        elif message[:1] == BEGUN:
            hand.begin()
        elif message[:1] == ANSWER and hand.job is not None:
            self.results.put((hand.job.number, message[1:]))
            hand.job = None
            if hand.left_children():
                hand.mute = True
                hand.kill()  # a fresh one takes its place: no unit pays for what another left running

    def _look(self) -> None:
        """Holds every worker to the limits of the unit it has in hand."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + TICK
        seconds, memory = self.limits.unit_seconds, self.limits.unit_memory_gb
        for hand in self._hands:
            if hand.mute and time.monotonic() - hand.mute_since > GRACE:
                hand.kill()
            if hand.job is None or hand.stopped or hand.mute:
                continue
            now = hand.look()
            if memory is not None and now > memory * 1e9:
                limit = f"limits.unit_memory_gb ({memory:g} GB)"
                idle = f" (a worker takes {gigabytes(hand.idle)} before it begins)" if hand.idle > memory * 1e9 else ""
                hand.stop("MemoryLimit", f"took more than {limit}, namely {gigabytes(now)}, and was stopped{idle}")
            elif seconds is not None and time.monotonic() - hand.since > seconds:
                limit = f"limits.unit_seconds ({seconds:g} s)"
                hand.stop("TimeLimit", f"ran longer than {limit} and was stopped")

    def _bury(self, hand: Hand) -> None:
        """What a dead worker had in hand is failed if it had begun it, else given to another."""
        while not hand.mute and hand.pipe.poll():
            self._hear(hand)  # it may have answered before it died
        pid, ready, job = hand.pid, hand.ready, hand.job
        error, reason = hand.bury()
        self._hands.remove(hand)
        self.premises.left(pid)
        if not ready:
            self._could_not_start(reason.removeprefix("its worker process "))
        elif job is not None and (job.begun or job.tries + 1 >= MOST_TRIES):
            self.results.put((job.number, Ended(error=error, reason=reason)))
        elif job is not None:
            job.tries += 1
            self._waiting.appendleft(job)
