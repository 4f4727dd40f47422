"""A bounded HTTP/1.1 server side: reads whole requests, writes answers in good and bad ways."""

import asyncio
import socket
import struct
import time
from dataclasses import dataclass, field

HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 4 * 1024 * 1024
IDLE_S = 300.0


class BadRequest(Exception):
    pass


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: dict  # lower-case name -> value; repeated headers joined by a comma
    body: bytes
    peer: str = ""
    received_at: float = 0.0  # epoch seconds at which its head had arrived


@dataclass
class Response:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict = field(default_factory=dict)
    # How the answer leaves: none, close, reset, hang, truncate, wrong_length, drip.
    delivery: str = "none"
    delay_s: float = 0.0  # real seconds before the first byte
    drip_s: float = 0.0   # real seconds between single bytes


REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           405: "Method Not Allowed", 409: "Conflict", 412: "Precondition Failed",
           413: "Content Too Large", 429: "Too Many Requests", 500: "Internal Server Error",
           502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


def _parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("request line")
    headers = {}
    for line in lines[1:]:
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest("header line")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return words[0], words[1], headers


async def read_request(reader, writer):
    """The next request of a connection, None at its end; BadRequest for anything malformed."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_S)
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.TimeoutError):
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequest("head too long") from error
    received_at = time.time()
    method, target, headers = _parse_head(head[:-4])
    if "transfer-encoding" in headers:
        raise BadRequest("transfer-encoding is not supported")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > BODY_BYTES_MAX:
        raise BadRequest("content-length")
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        body = await asyncio.wait_for(reader.readexactly(int(length)), IDLE_S)
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.TimeoutError):
        return None
    path, _, query = target.partition("?")
    peer = writer.get_extra_info("peername")
    return Request(method, path, query, headers, body, f"{peer[0]}:{peer[1]}" if peer else "",
                   received_at)


def _head(response, length, close):
    lines = [f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Status')}",
             f"Content-Type: {response.content_type}", f"Content-Length: {length}",
             f"Connection: {'close' if close else 'keep-alive'}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _reset(writer):
    """Close with RST instead of FIN, as a broken path does."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _until_gone(reader):
    """Waits until the peer closes; what it still sends is thrown away."""
    try:
        while await reader.read(65536):
            pass
    except ConnectionError:
        pass


async def send(reader, writer, response, keep_alive):
    """Writes one answer in the way response.delivery says. True if the connection may go on."""
    if response.delay_s > 0:
        await asyncio.sleep(response.delay_s)
    if response.delivery == "hang":
        await _until_gone(reader)
        return False
    if response.delivery == "reset":
        _reset(writer)
        return False
    if response.delivery == "close":
        return False
    body = response.body
    length, close = len(body), not keep_alive or response.delivery != "none"
    if response.delivery == "wrong_length":
        length = max(0, length - 7)
    data = _head(response, length, close) + body
    if response.delivery == "truncate":
        data = data[:len(data) - (len(body) + 1) // 2]
    try:
        if response.delivery == "drip":
            for at in range(len(data)):
                writer.write(data[at:at + 1])
                await writer.drain()
                await asyncio.sleep(response.drip_s)
        else:
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        return False
    return not close
