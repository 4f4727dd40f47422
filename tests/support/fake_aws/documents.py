"""SSM documents: found by name, parameters checked and put into the script as SSM does it."""

import hashlib
import json
import re
from pathlib import Path

from .errors import ApiError, ControlError

PLACE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


class Document:
    def __init__(self, name, text):
        self.name = name
        self.content = json.loads(text)
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        self.parameters = self.content.get("parameters", {})
        steps = self.content["mainSteps"]
        if len(steps) != 1 or steps[0]["action"] != "aws:runShellScript":
            raise ValueError(f"{name}: one aws:runShellScript step is supported")
        self.step = steps[0]
        self.timeout_s = float(self.step["inputs"].get("timeoutSeconds", 3600))

    def resolve(self, given):
        """Parameters with defaults: name -> text. Raises InvalidParameters."""
        unknown = sorted(set(given) - set(self.parameters))
        if unknown:
            raise ApiError("InvalidParameters", f"unknown parameters: {', '.join(unknown)}")
        result = {}
        for name, spec in self.parameters.items():
            if name in given:
                values = given[name]
                if not isinstance(values, list) or len(values) != 1 \
                        or not isinstance(values[0], str):
                    raise ApiError("InvalidParameters", f"{name} must be a list of one string")
                result[name] = values[0]
            elif "default" in spec:
                result[name] = str(spec["default"])
            else:
                raise ApiError("InvalidParameters", f"{name} is required")
            self._check(name, spec, result[name])
        return result

    @staticmethod
    def _check(name, spec, value):
        # SSM's engine is not Python's: there $ is the end of the text, not of a last line.
        pattern = spec.get("allowedPattern", "")
        pattern = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
        if pattern and not re.search(pattern, value):
            raise ApiError("InvalidParameters",
                           f"Parameter {name} does not match {spec['allowedPattern']}")
        if "allowedValues" in spec and value not in spec["allowedValues"]:
            raise ApiError("InvalidParameters", f"Parameter {name} is not an allowed value")
        if not int(spec.get("minChars", 0)) <= len(value) <= int(spec.get("maxChars", 1 << 20)):
            raise ApiError("InvalidParameters", f"Parameter {name} has a wrong length")

    def script(self, values, agent="new"):
        """(text, environment): every {{ x }} is pasted; SSM_x is set for ENV_VAR parameters by
        agents from 3.3.2746.0 ("new")."""
        lines = "\n".join(self.step["inputs"]["runCommand"]) + "\n"
        text = PLACE.sub(lambda m: values.get(m.group(1), m.group(0)), lines)
        if agent != "new":
            return text, {}
        return text, {f"SSM_{name}": values[name] for name, spec in self.parameters.items()
                      if spec.get("interpolationType") == "ENV_VAR"}


class Documents:
    """The files of one folder by their stem behind any project prefix, plus registered ones."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.registered = {}

    def register(self, name, content):
        text = content if isinstance(content, str) else json.dumps(content)
        try:
            self.registered[name] = Document(name, text)
        except (ValueError, KeyError, TypeError) as error:
            raise ControlError(f"bad document {name}: {error}") from error

    def find(self, name):
        if name in self.registered:
            return self.registered[name]
        for path in sorted(self.folder.glob("*.json")):
            if name.endswith("-" + path.stem) and len(name) > len(path.stem) + 1:
                return Document(name, path.read_text(encoding="utf-8"))
        raise ApiError("InvalidDocument", f"Document {name} does not exist")
