import asyncio

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from matrix import Closed, Refused, main


class Connection:
    extensions = ""

    @classmethod
    async def open(cls, url, headers, protocols, deflate):
        self = cls()
        try:
            self.socket = await websocket_connect(
                HTTPRequest(url, headers=headers),
                subprotocols=protocols or None,
                compression_options={} if deflate else None,
                max_message_size=2 << 20,
            )
        except HTTPClientError as error:
            raise Refused(error.code)
        self.protocol = self.socket.selected_subprotocol
        self.extensions = self.socket.headers.get("Sec-WebSocket-Extensions")
        return self

    async def send(self, message):
        await self.socket.write_message(message, binary=isinstance(message, bytes))

    async def receive(self):
        message = await self.socket.read_message()
        if message is None:
            raise Closed(self.socket.close_code, self.socket.close_reason)
        return message

    async def ping(self, payload):
        pong = asyncio.get_running_loop().create_future()
        self.socket.on_pong = pong.set_result
        self.socket.ping(payload)
        assert await pong == payload

    async def close(self, code, reason):
        self.socket.close(code, reason)
        assert await self.socket.read_message() is None
        return self.socket.close_code


main(Connection, "tornado")
