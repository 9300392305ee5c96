import type { OrderDecision } from "./types";

/**
 * Most ballots and entries that are read to follow ties. Following all of them is NP-hard, so without a limit a file could
 * occupy the reader.
 */
const MAX_WORK = 1_500_000;

/** A count that has stopped at a tie of which the listed order decides, or at its end. */
export type Stop<State> = { winners: readonly number[] } | { choices: (() => State)[] };

/**
 * Whether the choices that the listed order could make lead to different winners. `advance` counts from a state to the
 * next tie; `key` is equal for states that have the same continuation.
 */
export function followChoices<State>(
  start: State,
  advance: (state: State, read: (amount: number) => void) => Stop<State>,
  key: (state: State) => string,
): OrderDecision {
  let work = 0;
  let winners: string | undefined;
  const seen = new Set<string>();
  const open = [() => start];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const state = next();
    const stateKey = key(state);
    if (seen.has(stateKey)) continue;
    seen.add(stateKey);
    const stop = advance(state, (amount) => {
      work += amount;
    });
    if ("choices" in stop) {
      open.push(...stop.choices);
    } else {
      const found = [...stop.winners].sort((a, b) => a - b).join();
      winners ??= found;
      if (found !== winners) return { decided: "yes", work };
    }
    if (work > MAX_WORK && open.length > 0) return { decided: "unknown", work };
  }
  return { decided: "no", work };
}
