import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { BallotBox } from "./box";
import { Recounter } from "./recount";
import { Random, randomBox } from "./testing/random";
import { METHODS } from "./types";

// The program that publishes ballot boxes: `VERIFY_PROGRAM=… BOXES=10000 npm test -- verify` for a long comparison.
const program = process.env.VERIFY_PROGRAM ?? "../target/debug/guildhall";
const boxes = Number(process.env.BOXES ?? 60);

const folder = mkdtempSync(join(tmpdir(), "boxes-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What `guildhall verify` says of a box: nothing if it is valid. */
async function verify(text: string, worker: number): Promise<string> {
  const file = join(folder, `${worker}.json`);
  writeFileSync(file, text);
  return await new Promise((resolve) => {
    execFile(program, ["verify", file], (error, _stdout, stderr) =>
      resolve(error ? stderr || error.message : ""),
    );
  });
}

/** Changes one value of a box, so that it is false, or still true if the value did not matter. */
function damage(box: BallotBox, random: Random): BallotBox {
  const copy = structuredClone(box);
  const row = copy.standings[random.from(0, copy.standings.length - 1)];
  const ballot = copy.ballots[random.from(0, copy.ballots.length - 1)];
  const changes: (() => void)[] = [
    () => Object.assign(row ?? {}, { points: 9 }),
    () => Object.assign(row ?? {}, { place: 2 }),
    () => row?.pickCounts.reverse(),
    () => copy.standings.reverse(),
    () => copy.winners.reverse(),
    () => copy.winners.pop(),
    () => copy.ballots.pop(),
    () => copy.ballots.reverse(),
    () => ballot?.picks.reverse(),
    () => ballot?.picks.pop(),
    () => Object.assign(ballot ?? {}, { nonce: ballot?.nonce.toUpperCase() }),
    () => copy.ballots.push(...copy.ballots.slice(-1)),
    () => copy.entries.reverse(),
    () => Object.assign(copy, { decidedByListedOrder: undefined }),
    () => Object.assign(copy, { decidedByListedOrder: !copy.decidedByListedOrder }),
    () => Object.assign(copy, { eligible: copy.eligible - 4 }),
    () => Object.assign(copy, { title: `${copy.title}\u0085` }),
    () => Object.assign(copy, { seats: copy.seats + 1 }),
    () => Object.assign(copy, { digest: copy.digest.toUpperCase() }),
  ];
  changes[random.from(0, changes.length - 1)]?.();
  return copy;
}

const SCRAPS = [
  ...'{}[]",:09-\\ \t\n\0\u00a0\ufeffé',
  ".0",
  "e0",
  "null",
  "\\u0041",
  "\\ud800",
  '"a":1,',
  "18446744073709551616",
];

/** Inserts, removes or replaces some text near the start of a file. */
function scramble(text: string, random: Random): string {
  const at = random.from(0, Math.min(text.length, 900));
  const scrap = SCRAPS[random.from(0, SCRAPS.length - 1)] ?? "";
  return text.slice(0, at) + (random.from(0, 2) > 0 ? scrap : "") + text.slice(at + random.from(0, 2));
}

/** The verdict of this folder's check on a file. */
async function isValid(file: string): Promise<boolean> {
  const response = await new Recounter().respond({ id: 1, kind: "check", file });
  return response.kind === "report" && response.report.ok;
}

/** Runs a task for each number with two processes at a time. */
async function inPairs(
  length: number,
  task: (index: number, worker: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (worker: number): Promise<void> => {
    for (let index = next++; index < length; index = next++) await task(index, worker);
  };
  await Promise.all([work(1), work(2)]);
}

// Without the program there is nothing to compare with; CI builds it first.
test.skipIf(!existsSync(program) && !process.env.CI).for(METHODS)(
  "random boxes by %s are as valid to `guildhall verify`",
  { timeout: 3_600_000 },
  async (method) => {
    let [valid, changed] = [0, 0];
    await inPairs(boxes, async (index, worker) => {
      const random = new Random(1781 + index);
      const box = randomBox(method, random);
      const file = JSON.stringify(box);
      expect(await verify(file, worker), `seed ${1781 + index}`).toBe("");
      expect(await isValid(file)).toBe(true);
      valid += 1;
      if (index % 5 > 1) return;
      const other = index % 5 === 0 ? JSON.stringify(damage(box, random)) : scramble(file, random);
      const problem = await verify(other, worker);
      expect(await isValid(other), `seed ${1781 + index}: ${problem}`).toBe(problem === "");
      changed += 1;
    });
    expect([valid, changed]).toEqual([boxes, Math.ceil(boxes / 5) + Math.ceil((boxes - 1) / 5)]);
  },
);
