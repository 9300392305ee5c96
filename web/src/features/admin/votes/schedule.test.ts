import { expect, test } from "vitest";
import { startsAtOnce } from "./schedule";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const READY = { startAt: "2026-11-30T11:00:00Z", durationHours: 2, picksPerVoter: 3, seats: 1, entries: 3 };

test("a draft starts when it is saved, if its start has passed and nothing is missing", () => {
  expect(startsAtOnce(READY, NOW)).toBe(true);
});

test.each([
  ["it has no start", { startAt: null }],
  ["its start is later", { startAt: "2026-11-30T12:00:01Z" }],
  ["its end has passed", { durationHours: 1 }],
  ["it has fewer entries than picks", { entries: 2 }],
  ["it has fewer entries than seats", { seats: 4 }],
  ["it has one entry", { picksPerVoter: 1, entries: 1 }],
])("it stays a draft if %s", (_, change) => {
  expect(startsAtOnce({ ...READY, ...change }, NOW)).toBe(false);
});
