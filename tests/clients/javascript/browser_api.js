// The interface of browsers, which Node, undici, Bun, Deno and faye-websocket have as well.
import { Closed, Inbox, Refused } from "./matrix.js";

/** `create(url, { headers, protocols, deflate })` makes a WebSocket; `known`: what of `ping` it has beyond the interface. */
export function browserApi(create) {
  return class {
    #socket;
    #inbox = new Inbox();

    static open(url, options) {
      const client = new this();
      const socket = (client.#socket = create(url, options));
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) => client.#inbox.put(typeof data === "string" ? data : new Uint8Array(data));
      return new Promise((resolve, reject) => {
        socket.onopen = () => resolve(client);
        socket.onclose = ({ code, reason }) => {
          // Before `open` this is all that a page hears of a refusal.
          if (code === 1006) reject(new Refused(statusOf(socket)));
          client.#inbox.put(new Closed(code, reason));
        };
        socket.onerror = (event) => { client.error = event; };
      });
    }

    get protocol() { return this.#socket.protocol; }
    get extensions() { return this.#socket.extensions ?? ""; }
    send(message) { this.#socket.send(message); }
    receive() { return this.#inbox.take(); }

    close(code, reason) {
      // Code 0 stands for none: pages may say 1000 and 3000 to 4999.
      this.#socket.close(code, reason);
      return this.receive().catch((end) => end.code);
    }
  };
}

/** The HTTP status where the implementation tells it. */
function statusOf(socket) {
  return socket._driver?.status;
}
