"""Reading query and JSON parameters, writing XML, paging; nothing here knows a service."""

import base64
import fnmatch
import hashlib
import json
import re
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from .errors import XML_HEAD, ApiError


def form_params(text):
    """Form body or query string to an ordered dict; a repeated name is an error."""
    params = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=4096):
        if name in params:
            raise ApiError("InvalidParameterCombination", f"The parameter {name} is repeated")
        params[name] = value
    return params


def numbered(params, prefix):
    """Values of prefix.1, prefix.2 ... in number order."""
    found = []
    for name, value in params.items():
        match = re.fullmatch(re.escape(prefix) + r"\.([1-9][0-9]{0,4})", name)
        if match:
            found.append((int(match.group(1)), value))
    return [value for _, value in sorted(found)]


def filters(params):
    """Filter.N.Name and Filter.N.Value.M to [(name, [values])]."""
    result = []
    for index in sorted({int(m.group(1)) for m in
                         (re.match(r"Filter\.([1-9][0-9]{0,3})\.", name) for name in params) if m}):
        name = params.get(f"Filter.{index}.Name")
        values = numbered(params, f"Filter.{index}.Value")
        if not name or not values:
            raise ApiError("InvalidParameterValue", f"Filter.{index} has no name or no value")
        result.append((name, values))
    return result


def matches(value, patterns):
    """EC2 filter values: * and ? are wildcards, case matters."""
    return any(fnmatch.fnmatchcase(value, pattern.replace("[", "[[]")) for pattern in patterns)


def known_only(params, patterns):
    """Refuses parameters that the call does not have, as EC2 does."""
    for name in params:
        if not any(re.fullmatch(pattern, name) for pattern in patterns):
            raise ApiError("UnknownParameter", f"The parameter {name} is not recognized")


def boolean(params, name):
    value = params.get(name, "false")
    if value not in ("true", "false"):
        raise ApiError("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid")
    return value == "true"


def integer(params, name, low, high):
    """None when absent."""
    text = params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
        raise ApiError("InvalidParameterValue",
                       f"Value ( {text} ) for parameter {name} is invalid. Expecting a value "
                       f"from {low} to {high}.")
    return int(text)


class Pager:
    """Cuts a list into pages; a token only fits the question it was given for."""

    def __init__(self, op, question, bad_token):
        self.key = hashlib.sha256(json.dumps([op, question], sort_keys=True).encode()).hexdigest()
        self.bad_token = bad_token  # error code for a foreign or broken token

    def _decode(self, token):
        if token is None:
            return 0, 0
        try:
            key, start, empties = json.loads(base64.urlsafe_b64decode(token.encode()))
            if key == self.key[:16] and isinstance(start, int) and isinstance(empties, int):
                return start, empties
        except (ValueError, TypeError):
            pass
        raise ApiError(self.bad_token, "The specified token is not valid")

    def _encode(self, start, empties):
        text = json.dumps([self.key[:16], start, empties])
        return base64.urlsafe_b64encode(text.encode()).decode()

    def page(self, items, size, token, shape):
        """(items of this page, next token or None). shape: page_size and empty_pages of a fault."""
        start, empties = self._decode(token)
        if shape.get("page_size"):
            size = min(size or shape["page_size"], shape["page_size"])
        if empties < shape.get("empty_pages", 0):
            return [], self._encode(start, empties + 1)
        if size is None:
            return items[start:], None
        stop = start + size
        more = stop < len(items)
        return items[start:stop], self._encode(stop, empties) if more else None


def xml(name, value, item="item"):
    """Nested dicts, lists and scalars to XML text; None is left out."""
    if value is None:
        return ""
    if isinstance(value, dict):
        inner = "".join(xml(key, part, item) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        inner = "".join(xml(item, part, item) for part in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def ec2_answer(op, result, request_id):
    inner = xml("requestId", request_id) + "".join(xml(k, v) for k, v in result.items())
    return (f'{XML_HEAD}<{op}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{inner}'
            f"</{op}Response>").encode()


def query_answer(op, namespace, result, request_id):
    return (f'{XML_HEAD}<{op}Response xmlns="{namespace}">{xml(op + "Result", result, "member")}'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            f"</{op}Response>").encode()
