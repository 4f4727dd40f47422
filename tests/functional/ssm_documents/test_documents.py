"""Static checks of every SSM document: schema, parameters, patterns, shell."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

FOLDER = Path(os.environ["EAR_SOURCE"]) / "ssm-documents"
TOP = {"schemaVersion", "description", "parameters", "mainSteps"}
PARAMETER = {"type", "description", "default", "allowedPattern", "allowedValues", "minChars",
             "maxChars", "minItems", "maxItems", "displayType", "interpolationType"}
STEP = {"action", "name", "precondition", "inputs"}
INPUTS = {"runCommand", "workingDirectory", "timeoutSeconds"}
HOSTILE = (";", "a;b", "$(id)", "`id`", "a b", "a\tb", "a\nb", "a\n", "\na", "'", '"', "\\", "a|b",
           "a&b", "a>b", "*", "?", "[a]", "{a}", "~", "#a", "!a", "-rf", "--help", "../a", "/a",
           "", " ", "a\0b", "ä", "a" * 1_000_000)
CHARACTERS_MAX = 65_536  # SSM refuses larger documents


def matches(pattern, value):
    """As SSM's engines do it: $ is the end of the text, also where it ends in a newline."""
    assert pattern.startswith("^") and pattern.endswith("$")
    return re.search(pattern[:-1] + r"\Z", value) is not None


class Documents(unittest.TestCase):
    def each(self):
        paths = sorted(FOLDER.glob("*.json"))
        self.assertTrue(paths, "no documents")
        for path in paths:
            with self.subTest(path.name):
                yield path, json.loads(path.read_text(encoding="utf-8"))

    def scripts(self):
        for path, document in self.each():
            for step in document["mainSteps"]:
                yield path, document, "\n".join(step["inputs"]["runCommand"]) + "\n"

    def test_keys_are_those_of_schema_2_2(self):
        for path, document in self.each():
            self.assertEqual("2.2", document["schemaVersion"])
            self.assertEqual(set(), set(document) - TOP)
            self.assertLessEqual(path.stat().st_size, CHARACTERS_MAX)
            for spec in document["parameters"].values():
                self.assertEqual(set(), set(spec) - PARAMETER)
            for step in document["mainSteps"]:
                self.assertEqual((set(), set()), (set(step) - STEP, set(step["inputs"]) - INPUTS))

    def test_steps_run_on_linux_only_and_have_a_limit(self):
        for _path, document in self.each():
            for step in document["mainSteps"]:
                self.assertEqual("aws:runShellScript", step["action"])
                self.assertEqual({"StringEquals": ["platformType", "Linux"]},
                                 step["precondition"])
                self.assertTrue(5 <= int(step["inputs"]["timeoutSeconds"]) <= 172_800)
                self.assertTrue(all("\n" not in line for line in step["inputs"]["runCommand"]))

    def test_every_parameter_is_locked_down(self):
        for _path, document in self.each():
            for name, spec in document["parameters"].items():
                self.assertEqual(("String", "ENV_VAR"), (spec["type"], spec["interpolationType"]),
                                 name)
                self.assertTrue("allowedPattern" in spec or "allowedValues" in spec, name)

    def test_patterns_refuse_hostile_strings_and_admit_the_default(self):
        for _path, document in self.each():
            for name, spec in document["parameters"].items():
                if "allowedPattern" in spec:
                    for text in HOSTILE:
                        self.assertFalse(matches(spec["allowedPattern"], text), (name, text[:9]))
                    self.assertTrue(matches(spec["allowedPattern"], spec["default"]), name)

    def test_pastes_name_declared_parameters_and_all_are_used(self):
        for _path, document, script in self.scripts():
            pasted = set(re.findall(r"\{\{(.*?)\}\}", script))
            self.assertEqual(set(document["parameters"]), {name.strip() for name in pasted})
            self.assertTrue(all(re.fullmatch(r" ?[A-Za-z]+ ?", name) for name in pasted), pasted)

    def test_paste_stands_in_single_quotes_only(self):
        for _path, _document, script in self.scripts():
            for match in re.finditer(r"\{\{", script):
                self.assertEqual("'", script[match.start() - 1])

    def test_shellcheck_is_silent(self):
        for path, _document, script in self.scripts():
            done = subprocess.run(["shellcheck", "-s", "sh", "-"], input=script, text=True,
                                  stdout=subprocess.PIPE, check=False)
            self.assertEqual((0, ""), (done.returncode, done.stdout), path.name)

    def test_no_script_reboots_or_reruns_itself(self):
        for path, _document, script in self.scripts():
            code = "\n".join(line for line in script.splitlines()
                             if not line.lstrip().startswith("#"))
            self.assertNotRegex(code, r"exit 194|shutdown -|systemctl (reboot|poweroff|halt)",
                                path.name)
