"""`earctl replay` by its fixed contract: what it writes, that the order of files and hosts changes
nothing, that a prefix of the data gives a prefix of the rows, and what it says of bad input."""

import csv
import gzip
import math
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest
from datetime import datetime, timedelta, timezone

PROGRAM = os.path.join(os.environ["EAR_BUILD"], "tests/bin/ear-replay")
HEADER = "instance_id,timestamp,metric,value\n"
START = datetime(2026, 3, 2, tzinfo=timezone.utc)
LEAKY, QUIET, GAPPY = "i-0000000000000000a", "i-0000000000000000b", "i-0000000000000000c"


def stamp(minute):
    return (START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def lines_of(host, minutes, seed):
    """One host's lines, a sample each five minutes. The leaky one leaks from hour 40 on."""
    rng = random.Random(seed)
    for minute in range(0, minutes, 5):
        if host == GAPPY and 1000 <= minute < 2500:
            continue  # a gap of 25 hours
        memory = 50 + rng.uniform(-1, 1) + 3 * math.sin(minute / 1440 * 2 * math.pi)
        if host == LEAKY and minute > 2400:
            memory += (minute - 2400) * 0.05
        for metric, value in (("mem_used_percent", min(memory, 100)),
                              ("disk_used_percent", 40 + minute / 5000),
                              ("cpu_usage_steal", rng.uniform(0, 1))):
            yield minute, f"{host},{stamp(minute)},{metric},{value:.2f}\n"


def data(minutes=3200, hosts=(LEAKY, QUIET, GAPPY)):
    rows = [row for n, host in enumerate(hosts) for row in lines_of(host, minutes, n)]
    rows.sort(key=lambda row: row[0])  # stable: a host's lines of one moment stay together
    return rows


class Replay(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="ear-replay-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, rows, header=HEADER):
        opener = gzip.open if name.endswith(".gz") else open
        with opener(self.path(name), "wt") as file:
            file.write(header)
            file.writelines(line for _, line in rows)
        return self.path(name)

    def run_program(self, *words):
        return subprocess.run([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False, timeout=60)

    def replay(self, *paths):
        done = self.run_program(*paths)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, code, pattern, *words):
        done = self.run_program(*words)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, pattern)
        return done

    def test_writes_at_least_a_row_an_hour_an_instance(self):
        out = self.replay(self.write("all.csv", data()))
        self.assertTrue(out.startswith(
            "instance_id,time,confidence,kind,predicted_failure_time\n"))
        hours = {}
        for row in csv.DictReader(out.splitlines()):
            self.assertTrue(0 <= float(row["confidence"]) <= 1)
            hours.setdefault(row["instance_id"], set()).add(row["time"][:13])
        for host in (LEAKY, QUIET, GAPPY):
            self.assertEqual(len(hours[host]), 3200 // 60 + 1, host)

    def test_a_leak_is_foretold_in_time_and_a_quiet_host_is_not(self):
        rows = list(csv.DictReader(self.replay(self.write("all.csv", data())).splitlines()))
        alarms = [r for r in rows if float(r["confidence"]) >= 0.8]
        self.assertEqual({r["instance_id"] for r in alarms}, {LEAKY})
        self.assertEqual(alarms[0]["kind"], "memory_leak")
        self.assertLess(alarms[0]["time"], stamp(3200 - 120))
        self.assertGreater(alarms[0]["time"], stamp(2400))
        self.assertRegex(alarms[0]["predicted_failure_time"], r"^2026-03-0[45]T\S+Z$")

    def test_the_order_of_files_and_hosts_changes_nothing(self):
        rows = data()
        whole = self.replay(self.write("all.csv", rows))
        single = [self.write(f"{host}.csv.gz", [r for r in rows if r[1].startswith(host)])
                  for host in (QUIET, LEAKY, GAPPY)]
        self.assertEqual(self.replay(*single), whole)
        self.assertEqual(self.replay(*reversed(single)), whole)
        shuffled = rows[:]
        random.Random(1).shuffle(shuffled)
        shuffled.sort(key=lambda row: row[0])
        self.assertEqual(self.replay(self.write("shuffled.csv", shuffled)), whole)

    def test_a_host_split_over_files_is_put_together(self):
        rows = data(minutes=600)
        whole = self.replay(self.write("all.csv", rows))
        memory = self.write("memory.csv", [r for r in rows if ",mem_" in r[1]])
        rest = self.write("rest.csv", [r for r in rows if ",mem_" not in r[1]])
        self.assertEqual(self.replay(memory, rest), whole)
        self.assertEqual(self.replay(rest, memory), whole)
        self.assertEqual(self.replay(rest, memory, rest), whole)  # given twice, counted once

    def test_a_prefix_of_the_data_gives_a_prefix_of_the_rows(self):
        rows = data()
        whole = self.replay(self.write("all.csv", rows)).splitlines()
        for minutes in (300, 2600, 3000):
            part = self.replay(self.write("part.csv", [r for r in rows if r[0] < minutes]))
            part = part.splitlines()
            self.assertGreater(len(part), 3)
            self.assertEqual(part, whole[:len(part)])

    def test_out_is_written_whole_or_not_at_all(self):
        good = self.write("good.csv", data(minutes=300))
        self.replay("--out", self.path("out.csv"), good)
        with open(self.path("out.csv")) as file:
            self.assertEqual(file.read(), self.replay(good))
        with open(good, "a") as file:
            file.write("broken\n")
        self.refused(1, r"good\.csv:\d+: wanted 4 fields", "--out", self.path("bad.csv"), good)
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith("bad")], [])

    def test_a_broken_line_is_named_by_file_and_line(self):
        line = f"{QUIET},{stamp(0)},mem_used_percent,50\n"
        for broken, why in ((f"{QUIET},{stamp(1)},mem_used_percent\n", "wanted 4 fields"),
                            (f"{QUIET},{stamp(1)},mem_used_percent,1,2\n", "wanted 4 fields"),
                            (f"{QUIET},{stamp(1)},mem_used_percent,nan\n", "not a finite number"),
                            (f"{QUIET},{stamp(1)},mem_used_percent,\n", "not a finite number"),
                            (f"{QUIET},{stamp(1)},mem_used_percent,1e999\n", "not a finite"),
                            (f"{QUIET},yesterday,mem_used_percent,1\n", "not an RFC 3339 time"),
                            (f"host7,{stamp(1)},mem_used_percent,1\n", "not an instance id"),
                            (f"{QUIET},{stamp(1)},,1\n", "not a metric's name"),
                            ("\n", "wanted 4 fields"),
                            ("x" * 5000 + "\n", "line too long"),
                            (f"{QUIET},2026-03-01T00:00:00Z,mem_used_percent,1\n", "runs back")):
            path = self.write("bad.csv", [(0, line), (0, line), (1, broken)])
            self.refused(1, rf"bad\.csv:4: .*{why}", path)

    def test_files_that_are_no_metric_files_are_refused(self):
        self.refused(1, r"none\.csv: No such file", self.path("none.csv"))
        self.refused(1, r"empty\.csv:1: empty", self.write("empty.csv", [], header=""))
        self.refused(1, r"other\.csv:1: wanted the header",
                     self.write("other.csv", [], header="a,b\n"))
        self.refused(1, re.escape(self.folder), self.folder)
        whole = self.write("cut.csv.gz", data(minutes=600))
        with open(whole, "rb") as file:
            half = file.read()
        with open(whole, "wb") as file:
            file.write(half[:len(half) // 2])
        self.refused(1, r"cut\.csv\.gz:\d+: ", whole)
        with open(whole, "wb") as file:
            file.write(half[:100] + b"\xff" * 50 + half[150:])
        self.refused(1, r"cut\.csv\.gz:\d+: ", whole)

    def test_unknown_metrics_are_named_once_and_passed_over(self):
        rows = data(minutes=300)
        plain = self.replay(self.write("plain.csv", rows))
        extra = [pair for minute, line in rows
                 for pair in ((minute, line), (minute, f"{line.split(',')[0]},{stamp(minute)},"
                                                       "gpu_used_percent,1\n"))]
        done = self.run_program(self.write("extra.csv", extra))
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout, plain)
        self.assertEqual(done.stderr.count("gpu_used_percent"), 1)

    def test_wrong_words_are_a_usage_error(self):
        good = self.write("good.csv", data(minutes=60))
        self.refused(2, "which metric files")
        self.refused(2, "unknown option: --speed", "--speed", good)
        self.refused(2, "unknown model", "--model", "oracle", good)
        self.refused(2, "value is missing", "--out")
        self.replay("--model", "trend", good)

    def test_a_full_output_is_an_error(self):
        good = self.write("good.csv", data(minutes=3000))
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, good], stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)
        self.refused(1, "No such file", "--out", self.path("no/such/out.csv"), good)


if __name__ == "__main__":
    unittest.main()
