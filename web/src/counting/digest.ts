import type { BallotBox } from "./box";
import { hashLines } from "./receipts";

/** The digest of everything that determines the result, as docs/receipts.md defines it. */
export function digestOf(box: BallotBox): string {
  return hashLines(lines(box));
}

function* lines(box: BallotBox): Iterable<string> {
  yield box.format;
  yield box.campaign;
  yield box.title;
  yield box.method;
  yield String(box.picksPerVoter);
  yield String(box.seats);
  yield String(box.eligible);
  for (const { id, name } of box.entries) {
    yield id;
    yield name;
  }
  for (const { receipt } of box.ballots) yield receipt;
}
