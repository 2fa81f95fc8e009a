import { browserApi } from "./browser_api.js";
import { Inbox, main } from "./matrix.js";

const Api = browserApi((url, { headers, protocols, deflate = false }) =>
  (last = new WebSocket(url, { headers, protocols, perMessageDeflate: deflate })));
let last;

/** Beyond browsers it has `ping`. */
class Client extends Api {
  ping(payload) {
    const socket = last;
    socket.ping(payload);
    return new Promise((resolve) => socket.addEventListener("pong", resolve, { once: true }));
  }
}

await main(Client, Bun.version);
