// A server with one guild and two members, for the tests of src/client.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const binary =
  process.env.GUILDHALL_BIN ?? fileURLToPath(new URL("../../../target/debug/guildhall", import.meta.url));
export const PASSWORD = "correct horse battery staple";

/** Starts a server with the members `leader` and `member`. */
export async function startServer() {
  const directory = mkdtempSync(join(tmpdir(), "guildhall-client-"));
  const env = { PATH: process.env.PATH, DATABASE_URL: `sqlite://${directory}/client.db`, RUST_LOG: "info" };
  const options = ["bootstrap", "--guild", "emberwatch", "--leader", "leader"];
  const code = execFileSync(binary, options, {
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  // Ten tabs that renew in turn are more than a minute's renewals from one address.
  const flags = ["serve", "--bind", "127.0.0.1:0", "--address-attempts", "10000"];
  const server = spawn(binary, flags, { env, cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  const port = await new Promise((resolve, reject) => {
    let log = "";
    const read = (/** @type {Buffer} */ chunk) => {
      log += chunk;
      const port = /serving on http:\/\/127\.0\.0\.1:(\d+)/.exec(log)?.[1];
      if (port) resolve(Number(port));
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.on("exit", () => reject(new Error(log)));
  });

  /**
   * @param {string} query
   * @param {object} [variables]
   * @param {string} [token]
   */
  async function execute(query, variables, token) {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
  const register = (/** @type {string} */ name, /** @type {string} */ inviteCode) =>
    execute("mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }", {
      input: { discordUsername: name, inviteCode, password: PASSWORD },
    });

  const { accessToken } = (await register("leader", code)).register;
  const { ranks } = await execute("{ ranks { id level } }", {}, accessToken);
  const { createMember } = await execute(
    "mutation ($input: CreateMemberInput!) { createMember(input: $input) { member { id } } }",
    { input: { discordUsername: "member", rankId: ranks.at(-1).id } },
    accessToken,
  );
  const { sendInvite } = await execute(
    "mutation ($id: ID!) { sendInvite(memberId: $id) { code } }",
    { id: createMember.member.id },
    accessToken,
  );
  await register("member", sendInvite.code);

  return {
    port,
    /** Executes an operation as the leader. */
    execute: (/** @type {string} */ query, /** @type {object} */ variables = {}) =>
      execute(query, variables, accessToken),
    stop() {
      server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
