// Node's own WebSocket, which is the undici that is built in.
import { browserApi } from "./browser_api.js";
import { main } from "./matrix.js";

const open = (url, { headers, protocols }) => new WebSocket(url, { headers, protocols });
await main(browserApi(open), `${process.versions.node}, undici ${process.versions.undici}`);
