import { type BallotBox, type BoxEntry, readBox } from "./box";
import { type BoxCheck, type Check, checkBox } from "./checkBox";
import { FileError } from "./json";
import { type PresentedResult, presentResult } from "./present";
import type { Method } from "./types";

/** Largest file, in bytes: 200,000 ballots with ten picks. */
export const MAX_FILE_BYTES = 128 * 1024 * 1024;

/** What a page shows of a checked ballot box. */
export interface RecountReport {
  ok: boolean;
  checks: Check[];
  campaign: string;
  title: string;
  method: Method;
  picksPerVoter: number;
  seats: number;
  eligible: number;
  ballots: number;
  digest: string;
  decidedByListedOrder: BoxCheck["decidedByListedOrder"];
  result: PresentedResult;
}

export interface FoundBallot {
  /** The position in the box, from 1. */
  number: number;
  receipt: string;
  picks: BoxEntry[];
}

export type RecountRequest =
  | { id: number; kind: "check"; file: string | Blob }
  | { id: number; kind: "find"; receipt: string };

export type RecountResponse =
  | { id: number; kind: "report"; report: RecountReport }
  | { id: number; kind: "found"; ballot: FoundBallot | null }
  | { id: number; kind: "failure"; message: string };

/** Checks one ballot box at a time, and finds ballots in the last one. */
export class Recounter {
  private box: BallotBox | undefined;

  /** Never throws: a file that cannot be read is a failure with a sentence. */
  async respond(request: RecountRequest): Promise<RecountResponse> {
    const { id } = request;
    try {
      if (request.kind === "find") return { id, kind: "found", ballot: this.find(request.receipt) };
      return { id, kind: "report", report: await this.check(request.file) };
    } catch (error) {
      if (error instanceof FileError) return { id, kind: "failure", message: error.message };
      const reason = error instanceof Error ? error.message : String(error);
      return { id, kind: "failure", message: `The file could not be checked in this browser (${reason}).` };
    }
  }

  private async check(file: string | Blob): Promise<RecountReport> {
    this.box = undefined;
    const box = readBox(typeof file === "string" ? file : await readText(file));
    const { ok, checks, digest, outcome, decidedByListedOrder } = checkBox(box);
    this.box = box;
    const { campaign, method, picksPerVoter, seats, eligible } = box;
    const entries = box.entries.map(({ id, name }) => ({ id, name: clip(name) }));
    const result = presentResult(entries, outcome);
    const ballots = box.ballots.length;
    return {
      ...{ ok, checks, digest, decidedByListedOrder, result, ballots },
      ...{ campaign, title: clip(box.title), method, picksPerVoter, seats, eligible },
    };
  }

  private find(receipt: string): FoundBallot | null {
    const index = this.box?.ballots.findIndex((ballot) => ballot.receipt === receipt) ?? -1;
    const ballot = this.box?.ballots[index];
    if (!ballot) return null;
    const nameOf = (id: string): string => this.box?.entries.find((entry) => entry.id === id)?.name ?? id;
    const entry = (id: string): BoxEntry => ({ id, name: clip(nameOf(id)) });
    return { number: index + 1, receipt, picks: ballot.picks.map(entry) };
  }
}

/** A text of the file as a page shows it. Those of a server have at most 200 characters. */
function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** Reads a file as UTF-8, or as UTF-16 with a byte order mark, which some editors write. */
async function readText(file: Blob): Promise<string> {
  if (file.size > MAX_FILE_BYTES) {
    throw new FileError(
      `The file is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB. Check it with "guildhall verify".`,
    );
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const mark = `${bytes[0]},${bytes[1]}`;
  const encoding = mark === "255,254" ? "utf-16le" : mark === "254,255" ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new FileError("The file is not text. A ballot box is a JSON file, such as box.json.");
  }
}
