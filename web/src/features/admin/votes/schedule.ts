// The start of a draft by itself: pure.
import { hoursAfter } from "./zonedTime";

interface Schedule {
  startAt: string | null | undefined;
  durationHours: number;
  picksPerVoter: number;
  seats: number;
  /** Number of entries. */
  entries: number;
}

const MIN_ENTRIES = 2;

export const hasPassed = (iso: string | null | undefined, now: number) =>
  iso != null && Date.parse(iso) <= now;

/** Whether a draft goes live as soon as it is saved, because its start has passed and nothing is missing. */
export function startsAtOnce(
  { startAt, durationHours, picksPerVoter, seats, entries }: Schedule,
  now: number,
) {
  if (!startAt || !hasPassed(startAt, now) || hasPassed(hoursAfter(startAt, durationHours), now))
    return false;
  return entries >= Math.max(MIN_ENTRIES, picksPerVoter, seats);
}
