import contextlib

import httpx
import httpx_ws
import wsproto

from matrix import Closed, Refused, main


class Connection:
    @classmethod
    async def open(cls, url, headers, protocols, deflate):
        self = cls()
        self.stack = contextlib.AsyncExitStack()
        client = await self.stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        try:
            self.socket = await self.stack.enter_async_context(
                httpx_ws.aconnect_ws(
                    url,
                    client,
                    headers=headers,
                    subprotocols=protocols or None,
                    max_message_size_bytes=2 << 20,
                    keepalive_ping_interval_seconds=None,
                )
            )
        except httpx_ws.WebSocketUpgradeError as error:
            await self.stack.aclose()
            raise Refused(error.response.status_code)
        self.protocol = self.socket.subprotocol
        return self

    async def send(self, message):
        if isinstance(message, str):
            await self.socket.send_text(message)
        else:
            await self.socket.send_bytes(message)

    async def receive(self):
        try:
            return (await self.socket.receive()).data
        except httpx_ws.WebSocketDisconnect as end:
            await self.stack.aclose()
            raise Closed(end.code, end.reason)

    async def ping(self, payload):
        await (await self.socket.ping(payload)).wait()

    async def fragments(self, texts):
        for i, text in enumerate(texts):
            event = wsproto.events.TextMessage(text, message_finished=i + 1 == len(texts))
            await self.socket.send(event)

    async def close(self, code, reason):
        await self.socket.send(wsproto.events.CloseConnection(code, reason))
        try:
            await self.receive()
        except Closed as closed:
            return closed.args[0]


main(Connection, "httpx-ws")
