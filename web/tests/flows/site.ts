// What all flows share: a browser that reaches only the site, and requests that prepare a flow.
import {
  type APIRequestContext,
  type BrowserContext,
  test as base,
  expect,
  type Page,
} from "playwright/test";

/** The password of the demo's accounts. */
export const PASSWORD = "guildhall-demo";

interface Fixtures {
  /** Opens a browser of its own, such as that of another member. Its errors fail the test. */
  newBrowser: () => Promise<BrowserContext>;
  /** A page of such a browser. */
  page: Page;
  /** The API, as one of the demo's accounts. */
  api: Api;
}

export const test = base.extend<Fixtures>({
  newBrowser: async ({ browser, baseURL }, use) => {
    const problems: string[] = [];
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext();
      contexts.push(context);
      await watch(context, new URL(baseURL ?? "").host, problems);
      return context;
    });
    for (const context of contexts) await context.close();
    expect(problems, "requests to other hosts, errors and violations of the policy").toEqual([]);
  },
  page: async ({ newBrowser }, use) => use(await (await newBrowser()).newPage()),
  api: async ({ request }, use) => use(new Api(request)),
});

export { expect };

async function watch(context: BrowserContext, host: string, problems: string[]) {
  await context.route(
    (url) => url.host !== host && url.protocol !== "data:",
    (route) => {
      problems.push(`a request to ${route.request().url()}`);
      return route.abort();
    },
  );
  context.on("weberror", (error) => problems.push(String(error.error())));
  context.on("console", (message) => {
    // A refusal by the API is a response with an error status, which the browser logs.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isRefusal) problems.push(message.text());
  });
}

export class Api {
  private readonly tokens = new Map<string, string>();

  constructor(private readonly request: APIRequestContext) {}

  /** Runs a document as an account of the demo. Fails on an error. */
  async run<Result>(account: string, query: string, variables: object = {}): Promise<Result> {
    const token = this.tokens.get(account) ?? (await this.signIn(account));
    return this.post(query, variables, { authorization: `Bearer ${token}` });
  }

  private async signIn(discordUsername: string) {
    const { login } = await this.post<{ login: { accessToken: string } }>(
      "mutation ($input: LoginInput!) { login(input: $input) { accessToken } }",
      { input: { discordUsername, password: PASSWORD } },
    );
    this.tokens.set(discordUsername, login.accessToken);
    return login.accessToken;
  }

  private async post<Result>(query: string, variables: object, headers: Record<string, string> = {}) {
    const response = await this.request.post("/graphql", { data: { query, variables }, headers });
    const { data, errors } = await response.json();
    expect(errors, query).toBeUndefined();
    return data as Result;
  }

  /** Adds a member at the lowest rank, and returns an invite code. */
  async invite(discordUsername: string) {
    const { ranks } = await this.run<{ ranks: { id: string }[] }>("leader", "{ ranks { id } }");
    const { createMember } = await this.run<{ createMember: { member: { id: string } } }>(
      "leader",
      "mutation ($input: CreateMemberInput!) { createMember(input: $input) { member { id } } }",
      { input: { discordUsername, rankId: ranks.at(-1)?.id } },
    );
    const { sendInvite } = await this.run<{ sendInvite: { code: string } }>(
      "leader",
      "mutation ($id: ID!) { sendInvite(memberId: $id) { code } }",
      { id: createMember.member.id },
    );
    return sendInvite.code;
  }
}

/** Signs an account of the demo in. */
export async function signIn(page: Page, account: string) {
  await page.goto(`/login#as=${account}`);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /^Welcome/ })).toBeVisible();
}

let names = 0;
/** A Discord username that no other flow uses. */
export function uniqueName() {
  names += 1;
  return `flow.${Date.now().toString(36)}.${names}`;
}
