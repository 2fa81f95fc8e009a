// The interface of browsers, which Node, undici, Bun, Deno and faye-websocket have as well.
import { Closed, Inbox, Refused } from "./matrix.js";

/** A client around what `create(url, { headers, protocols, deflate })` makes. */
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
        let failure = "";
        socket.onopen = () => resolve(client);
        socket.onerror = ({ message = "" }) => { failure = message; };
        socket.onclose = ({ code, reason }) => {
          // Pages hear of a refusal that it failed; programs get the status in words.
          reject(new Refused(/status code: (\d+)/.test(failure) ? Number(RegExp.$1) : undefined));
          client.#inbox.put(new Closed(code, reason));
        };
      });
    }

    get protocol() { return this.#socket.protocol; }
    get extensions() { return this.#socket.extensions ?? ""; }
    send(message) { this.#socket.send(message); }
    receive() { return this.#inbox.take(); }

    close(code, reason) {
      this.#socket.close(code, reason);
      return this.receive().catch((end) => end.code);
    }
  };
}
