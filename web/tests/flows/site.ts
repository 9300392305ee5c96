// What all flows share: a site on each database, a browser that reaches nothing else, and requests that prepare a flow.
import {
  type BrowserContext,
  type BrowserContextOptions,
  test as base,
  expect,
  type Page,
  type PlaywrightWorkerArgs,
} from "playwright/test";
import { startProxy } from "../client/proxy.js";
import { Api, PASSWORD, uniqueName } from "./api";
import { type DatabaseKind, Deployment } from "./deployment";
import { Watch } from "./watch";

export { expect, PASSWORD, uniqueName };

export interface Site {
  url: string;
  /** What the server has logged so far. */
  log: string;
}

export interface WorkerFixtures {
  /** The database of the project. */
  database: DatabaseKind;
  /** The site: by default a demo that all flows of a worker share, and so does no other worker. */
  site: Site;
}

interface Fixtures {
  /** Whether the flow cuts the browser's connection. */
  isCut: boolean;
  /** Opens a browser of its own, such as that of another member. What it must not do fails the test. */
  newBrowser: (options?: BrowserContextOptions) => Promise<BrowserContext>;
  /** A page of such a browser. */
  page: Page;
  /** The API, as one of the site's accounts. */
  api: Api;
  /** The site behind a connection that fails on demand. */
  network: Awaited<ReturnType<typeof startProxy>>;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  database: ["sqlite", { scope: "worker", option: true }],
  site: [
    async ({ database }, use) => {
      const url = process.env.GUILDHALL_URL;
      if (url) return use({ url, log: "" });
      const demo = await Deployment.create(database);
      await demo.start("demo", "--members", "400", "--no-simulate");
      await use(demo);
      await demo.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  baseURL: ({ site }, use) => use(site.url),
  isCut: [false, { option: true }],
  newBrowser: async ({ browser, site, isCut }, use) => {
    const watches: Watch[] = [];
    const contexts: BrowserContext[] = [];
    await use(async (options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      watches.push(new Watch(context, options?.baseURL ?? site.url, isCut));
      return context;
    });
    const problems = await Promise.all(watches.map((watch) => watch.end(site.log)));
    for (const context of contexts) await context.close();
    expect(problems.flat(), "what no flow may do").toEqual([]);
  },
  page: async ({ newBrowser }, use) => use(await (await newBrowser()).newPage()),
  api: async ({ request }, use) => use(new Api(request)),
  network: async ({ site }, use) => {
    const network = await startProxy({ target: Number(new URL(site.url).port) });
    await use(network);
    network.stop();
  },
});

interface Guilds {
  /** The names of the guilds by slug, the default guild first. Each has the account `leader`. */
  guilds: Record<string, string>;
  flags?: readonly string[];
  settings?: Record<string, string>;
}

/** Starts a server of guilds without votes, for flows that need a site of their own. */
export async function serveGuilds(
  { playwright, database }: Pick<PlaywrightWorkerArgs & WorkerFixtures, "playwright" | "database">,
  { guilds, flags = [], settings = {} }: Guilds,
) {
  const server = await Deployment.create(database, settings);
  const codes = new Map<string, string>();
  for (const [slug, name] of Object.entries(guilds)) {
    const options = ["--guild", slug, "--guild-name", name, "--leader", "leader"];
    codes.set(slug, await server.run("bootstrap", ...options));
  }
  await server.start("serve", "--address-attempts", "10000", ...flags);
  const request = await playwright.request.newContext({ baseURL: server.url });
  for (const [slug, code] of codes) await new Api(request).register("leader", code, slug);
  await request.dispose();
  return server;
}

/** Signs an account of the site in. `path` is that of another guild, such as `/g/other`. */
export async function signIn(page: Page, account: string, path = "") {
  await page.goto(`${path}/login#as=${account}`);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /^Welcome/ })).toBeVisible();
}
