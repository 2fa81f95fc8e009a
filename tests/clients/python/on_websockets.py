from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from matrix import Closed, Refused, main


class Connection:
    extensions = ""

    @classmethod
    async def open(cls, url, headers, protocols, deflate):
        self = cls()
        try:
            self.socket = await connect(
                url,
                additional_headers=headers,
                subprotocols=protocols or None,
                compression="deflate" if deflate else None,
                proxy=None,
                max_size=2 << 20,
            )
        except InvalidStatus as error:
            raise Refused(error.response.status_code)
        self.protocol = self.socket.subprotocol
        self.extensions = self.socket.response.headers.get("Sec-WebSocket-Extensions")
        return self

    async def send(self, message):
        await self.socket.send(message)

    async def receive(self):
        try:
            return await self.socket.recv()
        except ConnectionClosed as error:
            raise Closed(error.rcvd.code, error.rcvd.reason)

    async def ping(self, payload):
        await (await self.socket.ping(payload))

    async def fragments(self, texts):
        await self.socket.send(texts)

    async def close(self, code, reason):
        await self.socket.close(code, reason)
        return self.socket.protocol.close_rcvd.code


main(Connection, "websockets")
