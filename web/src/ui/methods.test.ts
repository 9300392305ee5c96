import { expect, test } from "vitest";
import { describeMethod } from "./methods";

test("one seat is one winner", () => {
  const describe = (seats: number) => describeMethod("SINGLE_TRANSFERABLE_VOTE", 3, seats);
  expect(describe(1)).toMatch(/^Rank up to 3: one wins\. /);
  expect(describe(2)).toMatch(/^Rank up to 3: 2 win\. /);
});
