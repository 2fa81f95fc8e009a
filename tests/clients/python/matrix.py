"""The cases of the matrix for Python's clients: each has a module with a `Connection`, handed to `main`.

    class Connection:
        @classmethod
        async def open(cls, url, headers, protocols, deflate): ...  # raises Refused
        protocol: str                          # the subprotocol that the server chose
        extensions: str                        # what it agreed to
        async def send(self, text_or_bytes): ...
        async def receive(self): ...           # text or bytes; raises Closed
        async def ping(self, payload): ...     # until the pong with this payload is there
        async def fragments(self, texts): ...  # one message in several frames
        async def close(self, code, reason): ...  # the code of the Close that answers

What a client does not have, its class leaves out; clients.toml says why.
"""

import asyncio
import importlib.metadata
import json
import os

URL, TOKEN = os.environ["MATRIX_URL"], os.environ["MATRIX_TOKEN"]
TEXT = "héllo, wörld ✓"
BINARY = bytes(i * 7 & 255 for i in range(1 << 20))


class Refused(Exception):
    """The server answered the handshake with this status."""


class Closed(Exception):
    """The server's Close: its code and reason."""


def main(connection, package):
    version = importlib.metadata.version(package)
    print(json.dumps({"version": version}), flush=True)
    asyncio.run(run(Cases(connection)))


async def run(cases):
    for name, case in cases.all():
        try:
            await asyncio.wait_for(case(), 20)
            result = {"case": name, "result": "pass"}
        except Exception as error:
            result = {"case": name, "result": "fail", "detail": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)


class Cases:
    def __init__(self, connection):
        self.connection = connection

    def all(self):
        has = lambda method: hasattr(self.connection, method)
        yield "header", self.header
        yield "subprotocol", self.subprotocol
        yield "typed", self.typed
        yield "reply", self.reply
        yield "text", self.text
        yield "binary", self.binary
        if has("fragments"):
            yield "fragments", self.fragments
        if has("ping"):
            yield "ping", self.ping
        yield "heartbeat", self.heartbeat
        yield "close", self.close
        yield "closed", self.closed
        yield "refused", self.refused
        if has("extensions"):
            yield "deflate", self.deflate

    async def open(self, token=TOKEN, deflate=False):
        headers = {"Authorization": f"Bearer {token}"}
        return await self.connection.open(URL, headers, [], deflate)

    async def header(self):
        await finish(await self.open())

    async def subprotocol(self):
        protocols = ["bearer", f"bearer.{TOKEN}"]
        connection = await self.connection.open(URL, {}, protocols, False)
        same(connection.protocol, "bearer")
        await finish(connection)

    async def typed(self):
        connection = await self.open()
        await said(connection, TEXT)
        await finish(connection)

    async def reply(self):
        connection = await self.open()
        for id in "ab":
            await connection.send(json.dumps({"type": "ask", "id": id, "text": TEXT}))
        for id in "ab":
            answer = json.loads(await connection.receive())
            same(answer, {"type": "answer", "id": id, "length": len(TEXT.encode())})
        await finish(connection)

    async def text(self):
        connection = await self.open()
        await said(connection, "x" * 65536)
        await finish(connection)

    async def binary(self):
        connection = await self.open()
        await connection.send(BINARY)
        received = await connection.receive()
        assert received == BINARY, f"other bytes, {len(received)} of them"
        await finish(connection)

    async def fragments(self):
        connection = await self.open()
        message = json.dumps({"type": "say", "text": TEXT})
        await connection.fragments([message[:5], message[5:20], message[20:]])
        same(json.loads(await connection.receive())["text"], TEXT)
        await finish(connection)

    async def ping(self):
        connection = await self.open()
        await connection.ping(b"are you there")
        await said(connection, TEXT)
        await finish(connection)

    async def heartbeat(self):
        connection = await self.open()
        await connection.send(json.dumps({"type": "wait", "milliseconds": 3000}))
        same(json.loads(await connection.receive())["text"], "waited")
        await finish(connection)

    async def close(self):
        connection = await self.open()
        same(await connection.close(4001, "done here"), 4001)

    async def closed(self):
        connection = await self.open()
        await connection.send(json.dumps({"type": "leave", "code": 4002, "reason": "enough"}))
        try:
            received = await connection.receive()
        except Closed as closed:
            same(closed.args, (4002, "enough"))
        else:
            raise AssertionError(f"a Close, not {received!r}")

    async def refused(self):
        try:
            await self.open(token="wrong")
        except Refused as refused:
            same(refused.args, (401,))
        else:
            raise AssertionError("it connected with a wrong token")

    async def deflate(self):
        connection = await self.open(deflate=True)
        agreed = str(connection.extensions or "")
        assert "permessage-deflate" in agreed, f"not agreed: {agreed!r}"
        await said(connection, "wörds that repeat " * 1000)
        await said(connection, "wörds that repeat " * 1000)
        await finish(connection)


async def said(connection, text):
    await connection.send(json.dumps({"type": "say", "text": text}))
    same(json.loads(await connection.receive()), {"type": "said", "room": "lobby", "text": text})


async def finish(connection):
    await connection.close(1000, "")


def same(found, expected):
    assert found == expected, f"{found!r:.200} instead of {expected!r:.200}"
