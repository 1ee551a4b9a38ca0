"""Runs botocore's own adaptive limiter against a server that takes a steady
rate, in simulated time, and prints what was accepted and refused a second. The
figures in adaptive_rate_test.ts were made with botocore 1.43.11.

Usage: python3 adaptive_rate_oracle.py [rate callers seconds latency seed]
"""
import heapq
import json
import os
import random
import sys
import threading

import botocore
from botocore.retries import adaptive, bucket, standard, throttling
from botocore.retries import quota as quotas


class World:
    """Threads that run one at a time; time moves when all of them wait."""
    def __init__(self):
        self.now = 1_000_000.0
        self.queue, self.count = [], 0
        self.baton = {}
        self.main = threading.Semaphore(0)

    def at(self, when, me):
        self.count += 1
        entry = [when, self.count, me, True]
        heapq.heappush(self.queue, entry)
        return entry

    def wait(self, seconds):
        me = threading.get_ident()
        entry = self.at(self.now + max(seconds, 0), me)
        self.main.release()
        self.baton[me].acquire()
        return entry

    def start(self, work):
        ready = threading.Semaphore(0)
        def run():
            me = threading.get_ident()
            self.baton[me] = threading.Semaphore(0)
            self.at(self.now, me)
            ready.release()
            self.baton[me].acquire()
            work()
            self.main.release()
        threading.Thread(target=run, daemon=True).start()
        ready.acquire()

    def run(self, end):
        while self.queue and self.queue[0][0] <= end:
            when, _, me, live = heapq.heappop(self.queue)
            if not live:
                continue
            self.now = max(self.now, when)
            self.baton[me].release()
            self.main.acquire()


class Condition:
    """The one condition of botocore's bucket, in virtual time."""
    def __init__(self, world):
        self.world, self.waiting = world, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def wait(self, seconds):
        me = threading.get_ident()
        entry = self.world.at(self.world.now + max(seconds, 1e-4), me)
        self.waiting.append(entry)
        self.world.main.release()
        self.world.baton[me].acquire()
        if entry in self.waiting:
            self.waiting.remove(entry)

    def notify(self):
        if self.waiting:
            entry = self.waiting.pop(0)
            entry[3] = False
            self.world.at(self.world.now, entry[2])


class Context:
    """What the quota asks of a call."""

    caught_exception = None
    http_response = None

    def __init__(self, request_context):
        self.request_context = request_context

    def add_retry_metadata(self, **_):
        pass


class Answer:
    def __init__(self, status_code):
        self.status_code = status_code


class Operation:
    error_shapes = []
    service_model = None


def run(rate=20, callers=8, seconds=3600, latency=0.02, seed=1, attempts=3):
    world = World()
    rand = random.Random(seed)

    class Clock:
        def current_time(self):
            return world.now

    clock = Clock()
    tokens = bucket.TokenBucket(max_rate=1, clock=clock)
    tokens._new_fill_rate_condition = Condition(world)
    limiter = adaptive.ClientRateLimiter(
        throttling.CubicCalculator(starting_max_rate=0, start_time=world.now),
        adaptive.RateClocker(clock),
        tokens,
        standard.ThrottlingErrorDetector(standard.RetryEventAdapter()),
        clock,
    )
    quota = standard.RetryQuotaChecker(quotas.RetryQuota())
    start = world.now
    server = {"tokens": float(rate), "at": start}
    counts = {True: 0, False: 0}

    def serve():
        passed = world.now - server["at"]
        server["at"] = world.now
        server["tokens"] = min(rate, server["tokens"] + passed * rate)
        accepted = server["tokens"] >= 1
        if accepted:
            server["tokens"] -= 1
        if world.now <= start + seconds:
            counts[accepted] += 1
        return accepted

    def attempt(number, context):
        limiter.on_sending_request(request=None)
        world.wait(latency / 2)
        accepted = serve()
        world.wait(latency / 2)
        answer = Answer(200 if accepted else 503)
        parsed = {} if accepted else {"Error": {"Code": "SlowDown"}}
        limiter.on_receiving_response(
            response=(answer, parsed),
            attempts=number,
            caught_exception=None,
            request_dict={"context": context},
            operation=Operation,
        )
        return answer

    def caller():
        while True:
            context = {}
            for number in range(1, attempts + 1):
                answer = attempt(number, context)
                if answer.status_code == 200 or number == attempts:
                    break
                if not quota.acquire_retry_quota(Context(context)):
                    break
                world.wait(rand.random() * min(2 ** (number - 1), 20))
            quota.release_retry_quota(context, answer)

    for _ in range(callers):
        world.start(caller)
    world.run(start + seconds)
    return {
        "accepted": round(counts[True] / seconds, 3),
        "refused": round(counts[False] / seconds, 3),
    }


if __name__ == "__main__":
    kinds = [int, int, int, float, int]
    given = [kind(text) for kind, text in zip(kinds, sys.argv[1:])]
    print(f"botocore {botocore.__version__}: {json.dumps(run(*given))}")
    sys.stdout.flush()
    # The callers would call for ever.
    os._exit(0)
