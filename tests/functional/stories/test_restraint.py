"""What ear must not do, and what it tells people."""

import unittest

from stories import storybook
from stories.case import StoryCase
from stories.world import Host

VICTIM = "i-0123456789abcdef0"


class Restraint(StoryCase):
    def test_dry_run_calls_nothing_and_stores_the_decision(self):
        world = self.world(Host("web-1", "web"), dry_run=True)
        self.tell(storybook.dry_run, world, world.hosts["web-1"])

    def test_pause_holds_every_effect_and_survives_a_restart(self):
        world = self.world(Host("web-1", "web"))
        self.tell(storybook.pause, world, world.hosts["web-1"])

    def test_instance_without_its_tag_is_left_alone(self):
        # A second host: an empty list of instances is not believed.
        world = self.world(Host("web-1", "web"), Host("other", agent=False))
        self.tell(storybook.tag_removed, world, world.hosts["web-1"])

    def test_unreachable_aws_means_observing_only_and_one_alarm(self):
        world = self.world(Host("web-1", "web"), slack=True)
        self.tell(storybook.aws_unreachable, world, world.hosts["web-1"])

    def test_agent_with_a_foreign_certificate_is_refused_and_alarmed(self):
        world = self.world(Host("web-1", certificate_of=VICTIM))
        self.tell(storybook.impostor, world, world.hosts["web-1"], VICTIM)

    def test_slack_gets_the_whole_content_and_never_delays(self):
        world = self.world(Host("web-1", "web"), slack=True,
                           dashboard_url="https://ear.example.com")
        self.tell(storybook.notifications, world, world.hosts["web-1"])


if __name__ == "__main__":
    unittest.main()
