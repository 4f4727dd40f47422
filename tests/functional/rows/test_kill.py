"""kill -9 at every write, sync, rename, removal and folder of journal and sealed blocks: whatever
was acknowledged is there after the restart, and what was not can be sent again."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

PROGRAM = os.path.join(os.environ["EAR_BUILD"], "tests/bin/rows-program")
LAST = 40  # sequences: 280 minutes, so two blocks are sealed on the way
KILLS_MAX = 600
LIVES_EVERY = 3  # of these kills two more lives follow


def run(folder, first, kill_at, torn):
    done = subprocess.run(
        [PROGRAM, "run", folder, str(first), str(LAST), str(kill_at), str(int(torn))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    acked = [int(n) for n in re.findall(r"^ack (\d+)$", done.stdout, re.M)]
    calls = re.search(r"^done (\d+)$", done.stdout, re.M)
    return done, acked, int(calls.group(1)) if calls else None


def have(folder):
    done = subprocess.run([PROGRAM, "check", folder, str(LAST)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=True)
    return {int(n) for n in re.findall(r"^have (\d+)$", done.stdout, re.M)}


class Kill(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="ear-kill-")
        self.addCleanup(shutil.rmtree, self.root)

    def folder(self, name):
        path = os.path.join(self.root, name)
        os.mkdir(path)
        return path

    def lives(self, torn):
        _, acked, calls = run(self.folder("whole"), 1, 0, torn)
        self.assertEqual(acked, list(range(1, LAST + 1)))
        self.assertGreater(calls, 100, "the program must pass many calls")
        self.assertLess(calls, KILLS_MAX)
        for kill_at in range(1, calls + 1):
            folder = self.folder(f"kill-{kill_at}")
            first, acked, _ = run(folder, 1, kill_at, torn)
            self.assertEqual(first.returncode, -signal.SIGKILL, (kill_at, first.stderr))
            missing = set(acked) - have(folder)
            self.assertEqual(missing, set(), f"killed at call {kill_at}: {sorted(missing)}")
            if kill_at % LIVES_EVERY != 0:
                shutil.rmtree(folder)
                continue
            # A second life goes on where the acks ended and is killed early, a third ends well.
            _, more, _ = run(folder, len(acked) + 1, kill_at % 23 + 1, torn)
            acked += more
            third, more, _ = run(folder, len(acked) + 1, 0, torn)
            self.assertEqual(third.returncode, 0, (kill_at, third.stderr))
            missing = set(range(1, LAST + 1)) - have(folder)
            self.assertEqual(missing, set(), f"three lives, call {kill_at}: {sorted(missing)}")
            shutil.rmtree(folder)

    def test_killed_before_every_call_loses_nothing_acknowledged(self):
        self.lives(torn=False)

    def test_killed_in_the_middle_of_every_call_loses_nothing_acknowledged(self):
        self.lives(torn=True)


if __name__ == "__main__":
    unittest.main()
