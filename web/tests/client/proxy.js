// A proxy in front of a server that loses responses, refuses WebSockets and freezes them. For the tests of src/client it
// also serves an empty page and these files, so that pages have the same origin as the API.

import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

const client = fileURLToPath(new URL("../../src/client/", import.meta.url));
const graphqlWs = fileURLToPath(new URL("../../node_modules/graphql-ws/dist/", import.meta.url));

/** @param {{ target: number, servesClient?: boolean }} options */
export async function startProxy({ target, servesClient = false }) {
  const proxy = {
    url: "",
    /** Whether the response to this request is lost, after the server sent it. */
    loses: (/** @type {{ body: string }} */ _request) => false,
    /** Replaces headers of the server's responses. */
    headers: /** @type {Record<string, string>} */ ({}),
    /** The refresh tokens that arrived, in order. */
    renewals: /** @type {{ token: string, isLost: boolean, at: number }[]} */ ([]),
    /** Whether requests reach the server. */
    acceptsRequests: true,
    acceptsSockets: true,
    /** When each WebSocket was tried. */
    socketAttempts: /** @type {number[]} */ ([]),
    /** Ends all WebSockets without a close frame. */
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    /** Stops all present WebSockets from carrying data, and leaves them open. */
    freeze() {
      for (const socket of sockets) socket.pause().removeAllListeners("data");
    },
    stop() {
      this.cut();
      server.close();
      server.closeAllConnections();
    },
  };
  /** @type {Set<import("node:stream").Duplex>} */
  const sockets = new Set();

  const server = createServer(async (incoming, outgoing) => {
    if (!proxy.acceptsRequests) return void incoming.socket.destroy();
    const path = incoming.url ?? "/";
    if (servesClient && path !== "/graphql") return serveFile(path, outgoing);
    let body = "";
    for await (const chunk of incoming) body += chunk;
    const { method, headers } = incoming;
    const options = { host: "127.0.0.1", port: target, path, method, headers };
    const forwarded = request(options, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      const isLost = proxy.loses({ body });
      const token = /"refreshToken":"([^"]+)"/.exec(body)?.[1];
      if (token) proxy.renewals.push({ token, isLost, at: Date.now() });
      outgoing.writeHead(response.statusCode ?? 502, { ...response.headers, ...proxy.headers });
      if (!isLost) return outgoing.end(Buffer.concat(chunks));
      // Not without the head, because then a browser may send the request again by itself.
      outgoing.write(chunks[0]?.subarray(0, 1) ?? "", () => incoming.socket.destroy());
    });
    forwarded.on("error", () => incoming.socket.destroy());
    forwarded.end(body);
  });

  server.on("upgrade", (incoming, socket, head) => {
    proxy.socketAttempts.push(Date.now());
    if (!proxy.acceptsSockets) return void socket.destroy();
    const upstream = connect(target, "127.0.0.1", () => {
      const { rawHeaders } = incoming;
      const lines = rawHeaders.flatMap((name, index) =>
        index % 2 ? [] : [`${name}: ${rawHeaders[index + 1]}`],
      );
      upstream.write(`GET /graphql HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      upstream.write(head);
    });
    /** @type {[import("node:stream").Duplex, import("node:stream").Duplex][]} */
    const directions = [
      [socket, upstream],
      [upstream, socket],
    ];
    for (const [from, to] of directions) {
      sockets.add(from);
      from.on("data", (/** @type {Buffer} */ data) => to.write(data));
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });

  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  proxy.url = `http://127.0.0.1:${address.port}`;
  return proxy;
}

/**
 * @param {string} path
 * @param {import("node:http").ServerResponse} outgoing
 */
async function serveFile(path, outgoing) {
  const name = path.split("/").at(-1) ?? "";
  if (!name) return outgoing.writeHead(200, { "Content-Type": "text/html" }).end(PAGE);
  const folder = path.startsWith("/graphql-ws/") ? graphqlWs : client;
  const text = await readFile(folder + name).catch(() => undefined);
  if (!text) return outgoing.writeHead(404).end("Not found");
  outgoing.writeHead(200, { "Content-Type": "text/javascript" }).end(text);
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>Client</title><script type="module">
  import { Session } from "/session.js";
  import { openSocket as open } from "/socket.js";
  import { createClient } from "/graphql-ws/client.js";
  window.session = new Session(location.origin + "/graphql");
  window.openSocket = () => (window.socket = open(session, { createClient }));
  window.query = async (query) => {
    if (session.needsRenewal) await session.renew();
    const body = JSON.stringify({ query });
    const headers = { "Content-Type": "application/json", ...session.headers };
    return (await fetch("/graphql", { method: "POST", headers, body })).json();
  };
</script>`;
