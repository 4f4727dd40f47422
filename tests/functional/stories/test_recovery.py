"""Stories (a) to (c): what ear recovers, and how."""

import unittest

from stories import storybook
from stories.case import StoryCase
from stories.world import Host


class Recovery(StoryCase):
    def test_killed_service_is_restarted_through_ssm_and_proven(self):
        world = self.world(Host("web-1", "web"))
        self.tell(storybook.service_killed, world, world.hosts["web-1"])

    def test_leak_is_predicted_and_the_service_restarted_before_it_dies(self):
        world = self.world(Host("app-1", "leaky", **storybook.LEAK))
        self.tell(storybook.memory_leaks, world, world.hosts["app-1"])

    def test_hung_guest_is_stopped_and_started_after_the_reboot_failed(self):
        world = self.world(Host("db-1", "web", settings={"swallow_when_hung": True}))
        self.tell(storybook.guest_hangs, world, world.hosts["db-1"])


if __name__ == "__main__":
    unittest.main()
