// `ws` under Node: the same three paths as the other servers.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

// As wsgen compresses by default.
const deflate = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 512,
  zlibDeflateOptions: { level: 3 },
};
const perMessageDeflate = process.argv.includes('compressed') && deflate;
const options = { noServer: true, maxPayload: 2 * 1024 * 1024, perMessageDeflate };
const sockets = new WebSocketServer(options);
const members = new Set();

const serve = {
  '/echo': (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  '/typed': (socket) => socket.on('message', (data) => socket.send(JSON.stringify(JSON.parse(data)))),
  '/fanout': (socket) => {
    members.add(socket);
    socket.on('close', () => members.delete(socket));
    socket.on('message', (data) => members.forEach((member) => member.send(data, { binary: false })));
  },
};

const server = createServer();
server.on('upgrade', (request, socket, head) =>
  sockets.handleUpgrade(request, socket, head, (opened) => serve[request.url](opened)));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
// No server outlives the process that started it.
process.stdin.on('end', () => process.exit(0)).resume();
