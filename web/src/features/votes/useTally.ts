// The standings of a live vote, past the cache: fast tallies would otherwise write each row into it.
import { useEffect, useRef, useState } from "react";
import { useLive } from "../../app/connection";
import { VoteTallyDocument, type VoteTallySubscription } from "../../gql/graphql";

export type Tally = VoteTallySubscription["voteTally"];

/** Shortest time between two draws, in milliseconds. */
const DRAW_INTERVAL = 250;

/** Keeps the newest tally, and draws at most four a second. Never goes back to an older revision. */
export class TallyPacer {
  #newest: Tally | undefined;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly draw: (tally: Tally) => void) {}

  push(tally: Tally) {
    if (this.#newest && !tally.isFinal && tally.revision < this.#newest.revision) return;
    this.#newest = tally;
    const wait = this.#drawnAt + DRAW_INTERVAL - performance.now();
    if (tally.isFinal || wait <= 0) this.#drawNow();
    else this.#timer ??= setTimeout(() => this.#drawNow(), wait);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #drawNow() {
    this.stop();
    this.#drawnAt = performance.now();
    if (this.#newest) this.draw(this.#newest);
  }
}

/** Follows the tally of a vote. `onEnd` runs when the server has nothing more to send, so that the page reads it again. */
export function useTally(campaign: string, onEnd: () => void) {
  const [tally, setTally] = useState<Tally>();
  const pacer = useRef<TallyPacer>(undefined);
  pacer.current ??= new TallyPacer(setTally);
  useEffect(() => () => pacer.current?.stop(), []);
  useLive(
    VoteTallyDocument,
    { id: campaign },
    {
      onData: ({ voteTally }) => {
        pacer.current?.push(voteTally);
        if (voteTally.isFinal) onEnd();
      },
      onEnd,
    },
  );
  return tally;
}
