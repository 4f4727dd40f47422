"""A unittest base class: a world of its own for each test, and its story."""

import os
import sys
import tempfile
import unittest

from .storybook import StoryFailed
from .world import World

TAIL_BYTES = 6000


class StoryCase(unittest.TestCase):
    def world(self, *hosts, slack=False, start=True, **settings):
        """A world with these hosts and a running aggregator; it ends with the test."""
        folder = tempfile.TemporaryDirectory(prefix="ear-story-")
        self.addCleanup(folder.cleanup)
        world = World(folder.name, os.environ["EAR_BIN"])
        world.__enter__()
        self.addCleanup(self._close, world)
        world.add_hosts(*hosts)
        if slack:
            settings["slack_webhook_url"] = world.fake.webhook_url("ops")
            settings["sns_topic_arn"] = ""
        if start:
            world.start_aggregator(**settings)
        return world

    def _close(self, world):
        world.close()
        log = world.aggregator_log() + world.fake.log_text()
        log += "".join((host.root / "log" / "ear-agent.service.log").read_text(errors="replace")
                       for host in world.hosts.values() if host.agent)
        for trace in ("AddressSanitizer", "runtime error:", "Assertion", "Traceback"):
            if trace in log:
                print(log[max(0, log.index(trace) - 500):][:TAIL_BYTES], file=sys.stderr)
                self.fail(f"a program said {trace}")

    def tell(self, story, world, *words):
        try:
            story(world, *words)
        except (StoryFailed, TimeoutError):
            print(world.aggregator_log()[-TAIL_BYTES:], file=sys.stderr)
            raise
