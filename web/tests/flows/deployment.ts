// Servers of the flows: each runs the built binary on a database of its own, which is removed at the end.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BINARY =
  process.env.GUILDHALL_BIN ?? fileURLToPath(new URL("../../../target/debug/guildhall", import.meta.url));

/** A URL of a PostgreSQL server on which each deployment creates a database. */
const POSTGRES = process.env.TEST_DATABASE_URL;

export type DatabaseKind = "sqlite" | "postgres";

/** The databases that this machine has. */
export const DATABASES: readonly DatabaseKind[] = POSTGRES ? ["sqlite", "postgres"] : ["sqlite"];

const execute = promisify(execFile);

/** One server on one database. It runs only the app's own documents, as the strictest sites do. */
export class Deployment {
  /** What the server has logged so far. */
  log = "";
  /** The server's address, once it serves. */
  url = "";
  private process: ChildProcess | undefined;

  private constructor(
    private readonly directory: string,
    private readonly environment: Record<string, string>,
    private readonly drop: () => Promise<unknown>,
  ) {}

  static async create(kind: DatabaseKind, settings: Record<string, string> = {}) {
    const directory = await mkdtemp(join(tmpdir(), "guildhall-flow-"));
    const { databaseUrl, drop } = await createDatabase(kind, directory);
    const documents = join(directory, "documents.json");
    await writeFile(documents, "{}");
    const environment = {
      PATH: process.env.PATH ?? "",
      RUST_LOG: "info",
      DATABASE_URL: databaseUrl,
      GUILDHALL_JWT_SECRET: randomBytes(48).toString("base64"),
      GUILDHALL_TRUSTED_DOCUMENTS: documents,
      GUILDHALL_INTROSPECTION: "off",
      ...settings,
    };
    return new Deployment(directory, environment, drop);
  }

  /** Runs another command on the database, and returns what it prints. */
  async run(...command: string[]) {
    const { stdout } = await execute(BINARY, command, { env: this.environment, cwd: this.directory });
    return stdout.trim();
  }

  /** Starts `serve` or `demo` with these flags, at the address of before or on any free port. */
  async start(...command: string[]) {
    const bind = this.url ? new URL(this.url).host : "127.0.0.1:0";
    const started = this.log.length;
    const server = spawn(BINARY, [...command, "--bind", bind], {
      env: this.environment,
      cwd: this.directory,
      // What a demo prints has tokens for the console.
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.process = server;
    this.url = await new Promise<string>((resolve, reject) => {
      server.stderr.on("data", (chunk: Buffer) => {
        this.log += chunk;
        const host = /serving on http:\/\/([0-9.:]+)/.exec(this.log.slice(started))?.[1];
        if (host) resolve(`http://${host}`);
      });
      server.on("exit", () => reject(new Error(`The server has ended:\n${this.log}`)));
      server.on("error", reject);
    });
  }

  /** Stops the server, as an upgrade does. */
  async stop() {
    const server = this.process;
    this.process = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill();
    await ended;
  }

  async remove() {
    this.process?.kill("SIGKILL");
    await this.stop();
    await this.drop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function createDatabase(kind: DatabaseKind, directory: string) {
  if (kind === "sqlite") {
    return { databaseUrl: `sqlite://${directory}/flow.db`, drop: async () => {} };
  }
  if (!POSTGRES) throw new Error("TEST_DATABASE_URL names no PostgreSQL.");
  const name = `guildhall_flow_${randomBytes(6).toString("hex")}`;
  const sql = (statement: string) => execute("psql", [POSTGRES, "-X", "-q", "-c", statement]);
  await sql(`CREATE DATABASE ${name}`);
  const databaseUrl = POSTGRES.replace(/\/[^/?]*(?=\?|$)/, `/${name}`);
  return { databaseUrl, drop: () => sql(`DROP DATABASE ${name} WITH (FORCE)`) };
}
