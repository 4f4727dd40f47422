"""Signature Version 4, written from the published algorithm: signing for tests, verifying for the fake."""

import calendar
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from .clock import amz_date
from .errors import auth_error

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_MAX_S = 300.0
NEVER_SIGNED = {"authorization", "connection", "expect", "transfer-encoding", "user-agent",
                "accept", "accept-encoding", "content-length", "x-amzn-trace-id"}
AUTHORIZATION = re.compile(
    r"^AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$")


@dataclass
class Credential:
    key_id: str
    secret: str
    token: str = ""
    expires_at: float = 0.0  # epoch seconds, 0 = never


@dataclass
class Scope:
    key_id: str
    date: str
    region: str
    service: str
    signed: list
    signature: str


def _hex(data):
    return hashlib.sha256(data).hexdigest()


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = _mac(key, part)
    return key


def canonical_query(query):
    """query as on the request line, without '?'; sorted and re-encoded."""
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((quote(unquote_plus(name), safe="-_.~"),
                          quote(unquote_plus(value), safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def canonical_request(method, path, query, headers, signed, body):
    """headers: dict of lower-case name to value; signed: sorted list of names."""
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in signed)
    return "\n".join([method, path or "/", canonical_query(query), lines, ";".join(signed),
                      _hex(body)])


def signature(secret, stamp, scope, request_text):
    """scope is (date, region, service)."""
    text = "\n".join([ALGORITHM, stamp, "/".join(scope) + "/aws4_request",
                      _hex(request_text.encode())])
    return hmac.new(signing_key(secret, *scope), text.encode(), hashlib.sha256).hexdigest()


def sign(credential, region, service, method, path, query, headers, body, wall_s):
    """Returns headers plus x-amz-date, the token and Authorization. headers must hold host."""
    headers = {name.lower(): value for name, value in headers.items()}
    headers["x-amz-date"] = amz_date(wall_s)
    if credential.token:
        headers["x-amz-security-token"] = credential.token
    signed = sorted(name for name in headers if name not in NEVER_SIGNED)
    scope = (headers["x-amz-date"][:8], region, service)
    text = canonical_request(method, path, query, headers, signed, body)
    headers["authorization"] = (
        f"{ALGORITHM} Credential={credential.key_id}/{'/'.join(scope)}/aws4_request, "
        f"SignedHeaders={';'.join(signed)}, "
        f"Signature={signature(credential.secret, headers['x-amz-date'], scope, text)}")
    return headers


def parse_scope(authorization):
    """None when the header is absent or malformed."""
    match = AUTHORIZATION.match(authorization or "")
    if not match:
        return None
    key_id, date, region, service, signed, digest = match.groups()
    return Scope(key_id, date, region, service, signed.split(";"), digest)


def _stamp_seconds(stamp):
    try:
        return calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return None


def _check_headers(protocol, scope, headers):
    must = {"host", "x-amz-date"} | {name for name in headers if name.startswith("x-amz-")}
    if "content-type" in headers:
        must.add("content-type")
    missing = sorted(must - set(scope.signed))
    if missing:
        raise auth_error(protocol, "signature", f"headers not signed: {', '.join(missing)}")
    if scope.signed != sorted(set(scope.signed)):
        raise auth_error(protocol, "signature", "SignedHeaders is not sorted")
    absent = [name for name in scope.signed if name not in headers]
    if absent:
        raise auth_error(protocol, "signature", f"signed headers not sent: {', '.join(absent)}")


def _check_time(protocol, scope, headers, now):
    stamp = headers.get("x-amz-date", "")
    sent = _stamp_seconds(stamp)
    if sent is None:
        raise auth_error(protocol, "signature", "x-amz-date is missing or malformed")
    if stamp[:8] != scope.date:
        raise auth_error(protocol, "signature", "Date in Credential scope does not match "
                         "YYYYMMDD from ISO-8601 version of date from HTTP")
    if sent < now - SKEW_MAX_S:
        raise auth_error(protocol, "expired", f"Signature expired: {stamp} is now earlier than "
                         f"{amz_date(now - SKEW_MAX_S)}")
    if sent > now + SKEW_MAX_S:
        raise auth_error(protocol, "expired", f"Signature not yet current: {stamp} is still "
                         f"later than {amz_date(now + SKEW_MAX_S)}")


def _check_token(protocol, credential, headers, now):
    token = headers.get("x-amz-security-token", "")
    if not hmac.compare_digest(token.encode(), credential.token.encode()):
        raise auth_error(protocol, "token", "The security token included in the request is invalid.")
    if credential.expires_at and credential.expires_at <= now:
        raise auth_error(protocol, "token_expired",
                         "The security token included in the request is expired")


def verify(protocol, request, credentials, region, service, now):
    """Raises ApiError unless request carries a good signature; returns its Credential.

    credentials maps key id to Credential; region and service are what the scope must name.
    """
    headers = request.headers
    scope = parse_scope(headers.get("authorization"))
    if scope is None:
        raise auth_error(protocol, "missing", "Request is missing Authentication Token")
    credential = credentials.get(scope.key_id)
    if credential is None:
        raise auth_error(protocol, "unknown_key",
                         "AWS was not able to validate the provided access credentials")
    if scope.region != region or scope.service != service:
        raise auth_error(protocol, "signature", "Credential should be scoped to "
                         f"{region}/{service}, not {scope.region}/{scope.service}.")
    _check_headers(protocol, scope, headers)
    _check_time(protocol, scope, headers, now)
    declared = headers.get("x-amz-content-sha256")
    if declared is not None and declared != _hex(request.body):
        raise auth_error(protocol, "signature", "x-amz-content-sha256 does not match the body")
    text = canonical_request(request.method, request.path, request.query, headers, scope.signed,
                             request.body)
    expected = signature(credential.secret, headers["x-amz-date"],
                         (scope.date, scope.region, scope.service), text)
    if not hmac.compare_digest(expected, scope.signature):
        raise auth_error(protocol, "signature", "The request signature we calculated does not "
                         "match the signature you provided.")
    _check_token(protocol, credential, headers, now)
    return credential
