import asyncio
from urllib.parse import urlsplit

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)

from matrix import Closed, Refused, main


class Protocol(WebSocketClientProtocol):
    def __init__(self):
        super().__init__()
        self.opened, self.pong = asyncio.Future(), asyncio.Future()
        self.inbox = asyncio.Queue()

    def onConnect(self, response):
        self.agreed = response

    def onOpen(self):
        self.opened.set_result(None)

    def onMessage(self, payload, isBinary):
        self.inbox.put_nowait(payload if isBinary else payload.decode())

    def onPong(self, payload):
        if not self.pong.done():
            self.pong.set_result(payload)

    def onClose(self, wasClean, code, reason):
        if not self.opened.done():
            self.opened.set_exception(Refused(int(self.http_status_line.split()[1])))
        self.inbox.put_nowait(Closed(self.remoteCloseCode, self.remoteCloseReason))


class Connection:
    extensions = ""

    @classmethod
    async def open(cls, url, headers, protocols, deflate):
        self = cls()
        factory = WebSocketClientFactory(url, headers=headers, protocols=protocols)
        factory.protocol = Protocol
        if deflate:
            accept = lambda answer: PerMessageDeflateResponseAccept(answer)
            factory.setProtocolOptions(
                perMessageCompressionOffers=[PerMessageDeflateOffer()], perMessageCompressionAccept=accept
            )
        parts = urlsplit(url)
        loop = asyncio.get_running_loop()
        _, self.socket = await loop.create_connection(factory, parts.hostname, parts.port)
        await self.socket.opened
        self.protocol = self.socket.agreed.protocol
        self.extensions = self.socket.agreed.headers.get("sec-websocket-extensions", "")
        return self

    async def send(self, message):
        binary = isinstance(message, bytes)
        self.socket.sendMessage(message if binary else message.encode(), isBinary=binary)

    async def receive(self):
        message = await self.socket.inbox.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def ping(self, payload):
        self.socket.sendPing(payload)
        assert await self.socket.pong == payload

    async def fragments(self, texts):
        self.socket.beginMessage()
        for text in texts:
            self.socket.sendMessageFrame(text.encode())
        self.socket.endMessage()

    async def close(self, code, reason):
        self.socket.sendClose(code, reason)
        try:
            await self.receive()
        except Closed as closed:
            return closed.args[0]


main(Connection, "autobahn")
