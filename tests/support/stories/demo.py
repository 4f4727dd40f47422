"""The demo: four stories on real processes, unattended. usage: demo.py PROGRAMS [--keep] [--folder F]

Three worlds run side by side: a small fleet for (a), (b) and (c), and two fleets of twenty agents for
(d), one with the storm breaker as it is, one with its limit raised.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stories import storybook  # noqa: E402
from stories.storybook import LEAK, StoryFailed  # noqa: E402
from stories.world import TIME_SCALE, Host, World  # noqa: E402

BEGAN = time.monotonic()
TOLD = threading.Lock()


def say(text):
    with TOLD:
        print(f"demo: {time.monotonic() - BEGAN:5.1f} s  {text}", file=sys.stderr, flush=True)


class Story:
    def __init__(self, letter, title):
        self.letter, self.title = letter, title
        self.lines, self.failure, self.details = [], "", ""
        self.held = False

    def run(self, world, tell, *words):
        """One part of the story; a story holds when all its parts did."""
        try:
            self.lines += tell(world, *words, say=lambda text: say(f"({self.letter}) {text}"))
            self.held = not self.failure
        except Exception as error:  # of any kind: the demo must end with its verdict
            self.held = False
            self.failure = f"{error or type(error).__name__} (logs: {world.folder})"
            if not isinstance(error, (StoryFailed, TimeoutError)):
                self.details = traceback.format_exc()
            say(f"({self.letter}) DOES NOT HOLD: {self.failure}")


def small_fleet():
    return [Host("web-1", "web"), Host("app-1", "leaky", **LEAK),
            Host("db-1", "web", settings={"swallow_when_hung": True})]


def in_threads(jobs):
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def build(worlds):
    """Makes the fleets one after the other (certificates cost CPU), then starts the aggregators."""
    for world, hosts, settings in worlds:
        world.__enter__()
        world.add_hosts(*hosts)
        world.start_aggregator(**settings)
        say(f"{world.name}: {len(hosts)} instances with real agents, one aggregator")


def tell_all(stories, fleet, storm, allowed):
    a, b, c, d = stories
    web, app, database = (fleet.hosts[name] for name in ("web-1", "app-1", "db-1"))

    def storms():
        d.run(storm, storybook.storm)

    def raised():
        d.run(allowed, storybook.storm_allowed)
    in_threads([lambda: a.run(fleet, storybook.service_killed, web),
                lambda: b.run(fleet, storybook.memory_leaks, app),
                lambda: c.run(fleet, storybook.guest_hangs, database), storms, raised])


def show(world, *words):
    done = world.earctl(*words)
    print(f"\n$ earctl {' '.join(words)}")
    print((done.stdout + done.stderr).rstrip())


def show_scale(world):
    settings = world.settings_in_force
    print("\nTime scale (ordinary settings; the real ones in brackets):")
    for name, real in (("prediction_day", "24h"), ("prediction_step", "60s"),
                       ("report_interval", "10s"), ("status_poll_interval", "60s"),
                       ("healthy_time", "5m"), ("warmup", "10m"), ("reboot_timeout", "10m"),
                       ("breaker_window", "5m"), ("rest_after_success", "15m")):
        print(f"  {name:22} {settings[name]:>5}  [{real}]")
    print(f"  the fake EC2 runs {TIME_SCALE:g} times faster than EC2")


def show_all(stories, fleet, storm, allowed, report):
    for world in (fleet, storm, allowed):
        print(f"\n--- {world.name}")
        show(world, "status")
    print("\n--- what happened")
    show(fleet, "recoveries")
    for story in stories:
        print(f"\n({story.letter}) {story.title}")
        for line in story.lines:
            print(f"  {line}")
    show_scale(fleet)
    done = fleet.earctl("report", "--format", "html", "--out", str(report))
    print(f"\nHTML report: {report}" if done.returncode == 0 and report.exists()
          else f"\nHTML report: not written: {done.stderr.strip()}")
    if done.returncode != 0:
        say(f"earctl report failed: {done.stderr.strip()}")


def explain_keep(worlds):
    print("\nEverything keeps running. To look around:")
    for world in worlds:
        print(f"  {world.name}:")
        print(f"    export EAR_CONTROL_SOCKET={world.socket_path}")
        print(f"    {world.program('earctl')} status --all")
        print(f"    logs and state: {world.folder}; the fake AWS: {world.fake.endpoint}/_fake/")
    pids = " ".join(str(pid) for world in worlds
                    for pid in (world.aggregator.pid, world.fake.process.pid))
    print("  for example, kill a service and watch ear restart it:")
    print(f"    curl -s -H 'Content-Type: application/json' -d '{{}}' {worlds[0].fake.endpoint}"
          f"/_fake/instances/{worlds[0].hosts['web-1'].id}/units/web.service/kill")
    print(f"To stop it: kill {pids}")


def verdict(stories, worlds):
    """Prints the last lines; the exit status."""
    held = sum(story.held for story in stories)
    for story in stories:
        if not story.held:
            print(f"demo: ({story.letter}) {story.title}: does not hold: "
                  f"{story.failure or 'it was not told to its end'}")
            if story.details:
                print(story.details)
    if held < len(stories):
        print("demo: logs: " + " ".join(str(world.folder) for world, _, _ in worlds))
    print(f"demo: {held} of {len(stories)} stories held")
    return 0 if held == len(stories) else 1


def read_words():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--folder")
    return parser.parse_args()


def stop(number, _frame):
    raise KeyboardInterrupt(f"signal {number}")


def main():
    words = read_words()
    signal.signal(signal.SIGTERM, stop)
    folder = Path(words.folder or tempfile.mkdtemp(prefix="ear-demo-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    stories = [Story("a", "a service is killed"), Story("b", "a service leaks memory"),
               Story("c", "a guest hangs"), Story("d", "half of a fleet falls silent")]
    made = [World(folder / name, words.programs, name, seed, die_with_parent=not words.keep)
            for seed, name in ((1, "fleet"), (2, "storm"), (3, "storm-allowed"))]
    fleet, storm, allowed = made
    worlds = [(fleet, small_fleet(), {}), (storm, storybook.storm_hosts(), {}),
              (allowed, storybook.storm_hosts(), storybook.RAISED)]
    say(f"in {folder}")
    kept, status = False, 1
    try:
        try:
            build(worlds)
            tell_all(stories, *made)
            show_all(stories, *made, folder / "report.html")
            kept = words.keep
        except Exception:
            traceback.print_exc()
        if kept:
            explain_keep(made)
        status = verdict(stories, worlds)
    finally:
        if not kept:
            for world in made:
                world.close()
    sys.stdout.flush()
    if kept:
        os._exit(status)  # and leave the children alone
    return status


if __name__ == "__main__":
    sys.exit(main())
