import aiohttp

from matrix import Closed, Refused, main


class Connection:
    extensions = ""

    @classmethod
    async def open(cls, url, headers, protocols, deflate):
        self = cls()
        self.session = aiohttp.ClientSession()
        try:
            self.socket = await self.session.ws_connect(
                url, headers=headers, protocols=protocols, compress=15 if deflate else 0
            )
        except aiohttp.WSServerHandshakeError as error:
            await self.session.close()
            raise Refused(error.status) if error.status != 101 else error
        self.protocol = self.socket.protocol
        self.extensions = "permessage-deflate" if self.socket.compress else ""
        return self

    async def send(self, message):
        if isinstance(message, str):
            await self.socket.send_str(message)
        else:
            await self.socket.send_bytes(message)

    async def receive(self):
        message = await self.socket.receive()
        if message.type is aiohttp.WSMsgType.CLOSE:
            await self.session.close()
            raise Closed(message.data, message.extra)
        return message.data

    async def ping(self, payload):
        # With `autoping` pongs are read and not told; the same socket without it hands them out.
        self.socket._autoping = False
        await self.socket.ping(payload)
        while (message := await self.socket.receive()).type is not aiohttp.WSMsgType.PONG:
            pass
        self.socket._autoping = True
        assert message.data == payload

    async def close(self, code, reason):
        await self.socket.close(code=code, message=reason.encode())
        await self.session.close()
        return self.socket.close_code


main(Connection, "aiohttp")
