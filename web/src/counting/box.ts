import { FileError, type Json, quote, readJson } from "./json";
import { METHODS, type Method } from "./types";

export const FORMAT = "guildhall ballot box 1";

/** The limits of a vote. More ballots than these would occupy a browser for minutes. */
const MOST = { entries: 200, picksPerVoter: 10, seats: 100, ballots: 200_000 } as const;

export interface BoxEntry {
  id: string;
  name: string;
}

export interface BoxStanding {
  place: number;
  entry: string;
  points: number;
  pickCounts: number[];
}

export interface BoxBallot {
  receipt: string;
  nonce: string;
  picks: string[];
}

/** A ballot box file, as docs/receipts.md describes it. */
export interface BallotBox {
  format: string;
  campaign: string;
  title: string;
  method: Method;
  picksPerVoter: number;
  seats: number;
  eligible: number;
  entries: BoxEntry[];
  standings: BoxStanding[];
  winners: string[];
  /** Absent in files of releases before 0.2. */
  decidedByListedOrder?: boolean;
  digest: string;
  ballots: BoxBallot[];
}

/**
 * Reads a ballot box file. It may still be false: `checkBox` finds out.
 *
 * @throws FileError with a sentence, if the text is not a ballot box
 */
export function readBox(text: string): BallotBox {
  const box = new Fields(readJson(text), "The file");
  const format = box.text("format");
  if (format !== FORMAT)
    throw new FileError(`format: this page reads ${quote(FORMAT)}, not ${quote(format)}.`);
  const decided = box.has("decidedByListedOrder")
    ? { decidedByListedOrder: box.flag("decidedByListedOrder") }
    : {};
  const read: BallotBox = {
    format,
    campaign: box.text("campaign"),
    title: box.text("title"),
    method: readMethod(box.text("method")),
    picksPerVoter: box.whole("picksPerVoter", 1, MOST.picksPerVoter),
    seats: box.whole("seats", 1, MOST.seats),
    eligible: box.whole("eligible"),
    entries: box.list("entries", readEntry),
    standings: box.list("standings", readStanding),
    winners: box.list("winners", (value, path) => readText(value, path)),
    ...decided,
    digest: box.text("digest"),
    ballots: box.list("ballots", readBallot),
  };
  box.end();
  for (const [field, most] of [
    ["entries", MOST.entries],
    ["ballots", MOST.ballots],
  ] as const) {
    const { length } = read[field];
    if (length > most)
      throw new FileError(`${field}: this page reads up to ${most}, and the file has ${length}.`);
  }
  if (read.entries.length === 0) throw new FileError("entries: a vote has at least one entry.");
  return read;
}

function readMethod(text: string): Method {
  const method = METHODS.find((known) => known === text);
  if (method === undefined) throw new FileError(`method: this page does not know the method ${quote(text)}.`);
  return method;
}

function readEntry(value: Json, path: string): BoxEntry {
  const entry = new Fields(value, path);
  const read = { id: entry.text("id"), name: entry.text("name") };
  entry.end();
  return read;
}

function readStanding(value: Json, path: string): BoxStanding {
  const row = new Fields(value, path);
  const read = {
    place: row.whole("place"),
    entry: row.text("entry"),
    points: row.whole("points"),
    pickCounts: row.list("pickCounts", (count, at) => readWhole(count, at)),
  };
  row.end();
  return read;
}

function readBallot(value: Json, path: string): BoxBallot {
  const ballot = new Fields(value, path);
  const read = {
    receipt: ballot.text("receipt"),
    nonce: ballot.text("nonce"),
    picks: ballot.list("picks", (pick, at) => readText(pick, at)),
  };
  ballot.end();
  return read;
}

/** The fields of an object in the file. Each is read once; `end` refuses those that nothing has read. */
class Fields {
  private readonly fields: Map<string, Json>;
  private readonly read = new Set<string>();

  constructor(
    value: Json,
    private readonly path: string,
  ) {
    if (!(value instanceof Map))
      throw new FileError(`${path}: an object in { } should be here, not ${kindOf(value)}.`);
    this.fields = value;
  }

  has(key: string): boolean {
    return this.fields.has(key);
  }

  text(key: string): string {
    return readText(this.get(key), this.pathOf(key));
  }

  flag(key: string): boolean {
    const value = this.get(key);
    if (typeof value === "boolean") return value;
    throw new FileError(`${this.pathOf(key)}: true or false should be here, not ${kindOf(value)}.`);
  }

  whole(key: string, least?: number, most?: number): number {
    return readWhole(this.get(key), this.pathOf(key), least, most);
  }

  list<T>(key: string, item: (value: Json, path: string) => T): T[] {
    const value = this.get(key);
    const path = this.pathOf(key);
    if (!Array.isArray(value))
      throw new FileError(`${path}: a list in [ ] should be here, not ${kindOf(value)}.`);
    return value.map((it, index) => item(it, `${path}[${index}]`));
  }

  end(): void {
    for (const key of this.fields.keys()) {
      if (!this.read.has(key))
        throw new FileError(`${this.path}: this page does not know the field ${quote(key)}.`);
    }
  }

  private get(key: string): Json {
    this.read.add(key);
    const value = this.fields.get(key);
    if (value === undefined) throw new FileError(`${this.path}: the field ${quote(key)} is missing.`);
    return value;
  }

  private pathOf(key: string): string {
    return this.path === "The file" ? key : `${this.path}.${key}`;
  }
}

function readText(value: Json, path: string): string {
  if (typeof value === "string") return value;
  throw new FileError(`${path}: a text in quotes should be here, not ${kindOf(value)}.`);
}

function readWhole(
  value: Json,
  path: string,
  least = Number.MIN_SAFE_INTEGER,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== "number")
    throw new FileError(`${path}: a number should be here, not ${kindOf(value)}.`);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new FileError(`${path}: a whole number from ${least} to ${most} should be here, not ${value}.`);
}

function kindOf(value: Json): string {
  if (value === null) return "null";
  if (value instanceof Map) return "an object";
  if (Array.isArray(value)) return "a list";
  return { string: "a text", number: "a number", boolean: "true or false" }[typeof value as "string"];
}
