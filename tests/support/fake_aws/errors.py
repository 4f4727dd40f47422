"""One error type for all services, and its three forms on the wire (EC2 XML, query XML, JSON)."""

import json
from xml.sax.saxutils import escape


class ApiError(Exception):
    """code as on the wire, HTTP status, text for people."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class ControlError(Exception):
    """A wrong call of the control API; becomes HTTP 400 (or status) with {"error": text}."""

    def __init__(self, message, status=400):
        super().__init__(message)
        self.status = status


XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def render_error(protocol, error, request_id):
    """(content type, body bytes) of an error in the protocol's form."""
    code, text = escape(error.code), escape(error.message)
    if protocol == "ec2":
        body = (f"{XML_HEAD}<Response><Errors><Error><Code>{code}</Code><Message>{text}</Message>"
                f"</Error></Errors><RequestID>{request_id}</RequestID></Response>")
        return "text/xml;charset=UTF-8", body.encode()
    if protocol == "query":
        kind = "Receiver" if error.status >= 500 else "Sender"
        body = (f"{XML_HEAD}<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code>"
                f"<Message>{text}</Message></Error><RequestId>{request_id}</RequestId>"
                "</ErrorResponse>")
        return "text/xml", body.encode()
    body = json.dumps({"__type": error.code, "message": error.message})
    return "application/x-amz-json-1.1", body.encode()


# What each protocol calls a request that did not authenticate: name -> (code, status).
AUTH_ERRORS = {
    "ec2": {"missing": ("AuthFailure", 401), "unknown_key": ("AuthFailure", 401),
            "signature": ("SignatureDoesNotMatch", 403), "expired": ("RequestExpired", 400),
            "token_expired": ("ExpiredToken", 400), "token": ("AuthFailure", 401)},
    "query": {"missing": ("MissingAuthenticationToken", 403),
              "unknown_key": ("InvalidClientTokenId", 403),
              "signature": ("SignatureDoesNotMatch", 403),
              "expired": ("SignatureDoesNotMatch", 403),
              "token_expired": ("ExpiredToken", 403), "token": ("InvalidClientTokenId", 403)},
    "json": {"missing": ("MissingAuthenticationTokenException", 400),
             "unknown_key": ("UnrecognizedClientException", 400),
             "signature": ("InvalidSignatureException", 400),
             "expired": ("InvalidSignatureException", 400),
             "token_expired": ("ExpiredTokenException", 400),
             "token": ("UnrecognizedClientException", 400)},
}


def auth_error(protocol, name, message):
    code, status = AUTH_ERRORS[protocol][name]
    return ApiError(code, message, status)


THROTTLE = {"ec2": ("RequestLimitExceeded", 503), "query": ("Throttling", 400),
            "json": ("ThrottlingException", 400)}
INTERNAL = {"ec2": "InternalError", "query": "InternalFailure", "json": "InternalServerError"}
