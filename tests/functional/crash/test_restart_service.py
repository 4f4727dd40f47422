"""kill -9 of the aggregator at its writes, syncs and sends during a service restart (SAFETY F1).

EAR_FULL=1 tries every point, and goes on until a workflow ends without a kill; otherwise every fifth,
from a seeded offset. EAR_SEED=N repeats a sample, EAR_CRASH_POINT="ear-store 0 17" tries one point.
"""

import os
import random
import tempfile
import threading
import time
import unittest

from stories import crash
from stories.world import Host

WORKERS = 4
STEP = 5
BEYOND_MAX = 40  # further points of a thread after the counted ones, in a full run


class RestartService(unittest.TestCase):
    def test_no_kill_doubles_or_loses_an_action(self):
        why_not = crash.strace_works()
        if why_not:
            self.skipTest(why_not)
        folder = tempfile.TemporaryDirectory(prefix="ear-crash-")
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.lock = threading.Lock()
        self.bad, self.tried, self.killed, self.unkilled = [], 0, 0, set()
        points = self.points()
        self.full = bool(os.environ.get("EAR_FULL"))
        self.queue = points
        workers = [threading.Thread(target=self.work, args=(number,)) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print(f"points tried {self.tried}, killed {self.killed}, bad {len(self.bad)}")
        self.assertEqual([], self.bad)
        # Calls that come with time, not with the work, may lie behind its end; most do not.
        self.assertGreater(self.killed, self.tried // 2)

    def points(self):
        one = os.environ.get("EAR_CRASH_POINT")
        if one:
            thread, number, when = one.split()
            return [(thread, int(number), int(when))]
        with self.world("count", 99) as world:
            counts = crash.count_calls(world, self.host(world))
        print("calls of one workflow: " + ", ".join(
            f"{name} {number}: {count}" for (name, number), count in sorted(counts.items())))
        self.assertGreater(counts["ear-store", 0], 0)
        self.assertGreater(counts["ear-aws", 0], 0)
        if os.environ.get("EAR_FULL"):
            return [(name, number, when) for (name, number), count in sorted(counts.items())
                    for when in range(1, count + 1 + (BEYOND_MAX if count else 0))]
        seed = int(os.environ.get("EAR_SEED") or time.time_ns() % 1000)
        print(f"EAR_SEED={seed}")
        chance = random.Random(seed)
        points = [(name, number, when) for (name, number), count in sorted(counts.items())
                  for when in range(chance.randint(1, STEP), count + 1, STEP)]
        chance.shuffle(points)
        return points

    def world(self, name, seed):
        return crash.CrashWorld(os.path.join(self.root, name), os.environ["EAR_BIN"], name, seed)

    @staticmethod
    def host(world):
        return world.add_hosts(Host("web-1", "web"))[0]

    def next_point(self):
        with self.lock:
            while self.queue:
                point = self.queue.pop(0)
                # A thread that let the workflow end has no later point in it.
                if point[:2] not in self.unkilled:
                    return point
        return None

    def work(self, worker):
        point = None
        try:
            with self.world(f"worker-{worker}", worker + 1) as world:
                host = self.host(world)
                while (point := self.next_point()) is not None:
                    self.one(world, host, point)
        except Exception as error:
            with self.lock:
                self.bad.append((point, f"worker {worker}: {type(error).__name__}: {error}"))

    def one(self, world, host, point):
        try:
            killed = crash.kill_at(world, host, *point)
            with self.lock:
                self.tried += 1
                self.killed += killed
                if not killed and self.full:
                    self.unkilled.add(point[:2])
        except (crash.StoryFailed, TimeoutError) as error:
            with self.lock:
                self.tried += 1
                self.bad.append((point, str(error)))
                print(f"--- {point}: {error}\n{world.aggregator_log()[-3000:]}")
            world.stop_aggregator(patient=False)


if __name__ == "__main__":
    unittest.main()
