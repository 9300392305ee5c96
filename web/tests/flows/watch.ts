// What no flow may do: reach another host, violate the policy, log an error, or show a token.
import type { BrowserContext, Page, Response } from "playwright/test";

/** What a browser did that it must not. */
export class Watch {
  readonly problems: string[] = [];
  private readonly hosts: readonly string[];
  private readonly tokens = new Set<string>();
  /** Every address and every message of a console, in which no token may be. */
  private readonly seen: string[] = [];
  private readonly pending: Promise<unknown>[] = [];

  /**
   * @param site The address of the site.
   * @param isCut Whether the connection fails on purpose. Browsers log that as an error.
   */
  constructor(
    private readonly context: BrowserContext,
    site: string,
    private readonly isCut: boolean,
  ) {
    this.hosts = [new URL(site).host];
    context.on("request", (request) => this.request(request.url()));
    context.on("response", (response) => this.pending.push(this.response(response).catch(() => {})));
    context.on("page", (page) => this.page(page));
    context.on("weberror", (error) => this.problems.push(String(error.error())));
    context.on("console", (message) => {
      this.seen.push(message.text());
      if (message.type() === "error" && !this.isExpected(message.text())) this.problems.push(message.text());
    });
  }

  /** All problems, at the end of the flow. `log` is that of the server. */
  async end(log: string) {
    await Promise.all(this.pending);
    const cookies = await this.context.cookies();
    if (cookies.length > 0) this.problems.push(`cookies: ${cookies.map(({ name }) => name).join(", ")}`);
    for (const token of this.tokens) {
      for (const text of this.seen.filter((it) => it.includes(token))) {
        this.problems.push(`a token in ${text.replaceAll(token, "TOKEN")}`);
      }
      if (log.includes(token)) this.problems.push("a token in the server's log");
    }
    return this.problems;
  }

  private page(page: Page) {
    page.on("framenavigated", (frame) => this.seen.push(frame.url()));
    page.on("websocket", (socket) => this.request(socket.url()));
  }

  private request(url: string) {
    this.seen.push(url);
    const { host, protocol } = new URL(url);
    if (["data:", "blob:"].includes(protocol) || this.hosts.includes(host)) return;
    this.problems.push(`a request to ${url}`);
  }

  private async response(response: Response) {
    if (new URL(response.url()).pathname !== "/graphql") return;
    const text = await response.text();
    for (const [, token] of text.matchAll(/"(?:access|refresh)Token":"([^"]+)"/g)) {
      if (token) this.tokens.add(token);
    }
  }

  /** A refusal by the API is a response with an error status, which the browser logs. */
  private isExpected(message: string) {
    return (
      message.startsWith("Failed to load resource") ||
      (this.isCut && message.startsWith("WebSocket connection"))
    );
  }
}
