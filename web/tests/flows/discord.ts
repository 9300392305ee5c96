// A stand-in for Discord: as much of its REST API and its gateway as the server uses, on one port of this machine.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/** The only bot token that it takes. */
export const BOT_TOKEN = "the-token-of-a-local-bot";
const BOT = "1100000000000000001";

interface Named {
  id: string;
  name: string;
}

interface DiscordMember {
  id: string;
  username: string;
  roles: readonly string[];
}

export interface DiscordServer extends Named {
  roles: readonly Named[];
  channels: readonly Named[];
  members: readonly DiscordMember[];
}

/** Discord's answer to a request that it refuses. */
interface Refusal {
  status: number;
  code: number;
  message: string;
}

const UNKNOWN = { status: 404, code: 0, message: "404: Not Found" };

export class LocalDiscord {
  /** Why posts to a channel are refused, by its id. */
  readonly refusals = new Map<string, Refusal>();
  /** Whether each request fails, as in an outage. */
  isDown = false;
  /** The titles and contents of the messages that were posted, with the channel of each. */
  readonly posts: { channel: string; text: string }[] = [];
  /** Requests that it does not know. */
  readonly unknown: string[] = [];
  private lastId = 1_300_000_000_000_000_000n;
  private readonly http = createServer((request, response) => void this.respond(request, response));
  private readonly gateway = new WebSocketServer({ server: this.http, path: "/gateway" });

  private constructor(private readonly server: DiscordServer) {
    this.gateway.on("connection", (socket) => this.greet(socket));
  }

  static async start(server: DiscordServer) {
    const discord = new LocalDiscord(server);
    await new Promise<void>((resolve) => discord.http.listen(0, "127.0.0.1", resolve));
    return discord;
  }

  /** What follows `http://` or `ws://`. */
  get host() {
    return `127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  stop() {
    for (const socket of this.gateway.clients) socket.terminate();
    this.http.close();
    this.http.closeAllConnections();
  }

  private greet(socket: WebSocket) {
    let sequence = 0;
    const send = (op: number, d: unknown, t: string | null = null) =>
      socket.send(JSON.stringify({ op, d, t, s: t && ++sequence }));
    send(10, { heartbeat_interval: 41_250 });
    socket.on("message", (message) => {
      const { op, d } = JSON.parse(String(message));
      if (op === 1) return send(11, null);
      // No session outlives its socket.
      if (op === 6) return send(9, false);
      if (op !== 2) return;
      if (!String(d.token).endsWith(BOT_TOKEN)) return socket.close(4004);
      const ready = {
        v: 10,
        user: this.user({ id: BOT, username: "local-bot", roles: [] }),
        guilds: [{ id: this.server.id, unavailable: true }],
        session_id: this.nextId(),
        resume_gateway_url: `ws://${this.host}/gateway`,
        session_type: "normal",
        application: { id: BOT, flags: 0 },
        shard: d.shard,
      };
      send(0, ready, "READY");
    });
  }

  private async respond(request: IncomingMessage, response: ServerResponse) {
    let body = "";
    for await (const chunk of request) body += chunk;
    const send = (status: number, answer: unknown) =>
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
    if (this.isDown)
      return response.writeHead(503, { "Content-Type": "text/html" }).end("<html>upstream</html>");
    if (request.headers.authorization !== `Bot ${BOT_TOKEN}`)
      return send(401, { code: 0, message: "401: Unauthorized" });
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://discord");
    const route = `${request.method} ${pathname.replace(/^\/api\/v10/, "")}`;
    const answer = this.answer(route, searchParams, body ? JSON.parse(body) : {});
    if (answer === UNKNOWN) this.unknown.push(route);
    const isRefusal = typeof answer === "object" && "status" in answer;
    send(isRefusal ? (answer as Refusal).status : 200, answer);
  }

  private answer(route: string, parameters: URLSearchParams, body: Record<string, unknown>): object {
    const { id, channels, members } = this.server;
    const [method, path = ""] = route.split(" ");
    const [root, rootId, part, partId] = path.split("/").slice(1);
    if (root === "gateway") {
      const session_start_limit = { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 };
      return { url: `ws://${this.host}/gateway`, shards: 1, session_start_limit };
    }
    if (root === "applications") return [];
    if (path === "/users/@me") return this.user({ id: BOT, username: "local-bot", roles: [] });
    if (root === "guilds") {
      if (rootId !== id) return { status: 404, code: 10_004, message: "Unknown Guild" };
      if (!part) return this.describe();
      if (part === "roles") return this.describe().roles;
      if (part === "channels") return channels.map((channel, position) => this.channel(channel, position));
      if (part === "members" && !partId) {
        const after = BigInt(parameters.get("after") ?? 0);
        return members.filter((member) => BigInt(member.id) > after).map((member) => this.member(member));
      }
      const member = [...members, { id: BOT, username: "local-bot", roles: [] }].find(
        (it) => it.id === partId,
      );
      if (part === "members") {
        return member ? this.member(member) : { status: 404, code: 10_007, message: "Unknown Member" };
      }
    }
    if (root === "channels") {
      const channel = channels.find((it) => it.id === rootId);
      if (!channel) return { status: 404, code: 10_003, message: "Unknown Channel" };
      if (!part) return this.channel(channel, 0);
      if (part === "messages") return this.message(channel.id, method === "POST", partId, body);
    }
    return UNKNOWN;
  }

  private message(channel: string, isPost: boolean, id: string | undefined, body: Record<string, unknown>) {
    const refusal = this.refusals.get(channel);
    if (refusal) return refusal;
    const [embed] = (body.embeds as { title?: string }[] | undefined) ?? [];
    if (isPost) this.posts.push({ channel, text: `${body.content ?? ""} ${embed?.title ?? ""}`.trim() });
    return { id: id ?? this.nextId(), channel_id: channel };
  }

  private describe() {
    const { id, name, roles } = this.server;
    const everyone = { id, name: "@everyone" };
    return {
      id,
      name,
      owner_id: "1",
      // Everyone can see channels and post in them.
      roles: [everyone, ...roles].map((role, position) => ({
        ...role,
        position,
        permissions: "3072",
        managed: false,
      })),
    };
  }

  private channel(channel: Named, position: number) {
    return {
      ...channel,
      type: 0,
      guild_id: this.server.id,
      position,
      parent_id: null,
      permission_overwrites: [],
    };
  }

  private member(member: DiscordMember) {
    return { user: this.user(member), nick: null, roles: member.roles, pending: false, flags: 0 };
  }

  private user({ id, username }: DiscordMember) {
    return { id, username, discriminator: "0", global_name: null, avatar: null, bot: id === BOT };
  }

  private nextId() {
    this.lastId += 1n;
    return String(this.lastId);
  }
}
