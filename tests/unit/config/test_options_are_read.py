"""Every option of the two daemons is read by its daemon, or says that it is not used yet."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
OPTION = re.compile(r"^    (?:STRINGS?|PATH|ENUM|INTEGER|NUMBER|PERCENT|BOOLEAN|DURATION|SET|OBJECTS)"
                    r"\(([a-z_.]+),(.*?)\),?$", re.MULTILINE | re.DOTALL)
# Read by the table's own finish(), which fills others from it.
FILLS_OTHERS = {"recovery_timeout"}


def options(table):
    return OPTION.findall((ROOT / "common/config" / table).read_text(encoding="utf-8"))


def text_of(folder):
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.c")))


def unread(table, folder):
    source = text_of(folder)
    for name, rest in options(table):
        field = name.rsplit(".", 1)[-1]
        read = re.search(rf"(?:->|\.){field}\b(?!\s*=[^=])", source)
        secret_file = field.endswith("_url_file")  # read where the configuration is loaded
        if not read and not secret_file and field not in FILLS_OTHERS and '"Not used yet' not in rest:
            yield name


class OptionsAreRead(unittest.TestCase):
    def test_the_tables_are_found(self):
        self.assertGreater(len(options("aggregator_options.c")), 80)
        self.assertGreater(len(options("agent_options.c")), 30)

    def test_every_option_of_the_aggregator_is_read(self):
        self.assertEqual([], list(unread("aggregator_options.c", "aggregator")))

    def test_every_option_of_the_agent_is_read(self):
        self.assertEqual([], list(unread("agent_options.c", "agent")))


if __name__ == "__main__":
    unittest.main()
