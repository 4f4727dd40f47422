"""Story (d): half of a fleet falls silent (F12, F39, G12)."""

import unittest

from stories import storybook
from stories.case import StoryCase


class Storm(StoryCase):
    def test_ten_of_twenty_give_one_alert_and_no_call(self):
        self.tell(storybook.storm, self.world(*storybook.storm_hosts()))

    def test_a_raised_breaker_acts_within_the_budgets(self):
        world = self.world(*storybook.storm_hosts(), **storybook.RAISED)
        self.tell(storybook.storm_allowed, world)


if __name__ == "__main__":
    unittest.main()
