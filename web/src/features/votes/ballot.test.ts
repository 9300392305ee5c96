import { describe, expect, test } from "vitest";
import {
  type BallotRules,
  describeChange,
  instruction,
  isComplete,
  move,
  onlyValid,
  ordinal,
  type Picks,
  place,
  positionOfKey,
  progress,
  toggle,
} from "./ballot.ts";

const weighted: BallotRules = { method: "WEIGHTED", picksPerVoter: 3 };
const approval: BallotRules = { method: "APPROVAL", picksPerVoter: 2 };
const ranked: BallotRules = { method: "SCHULZE", picksPerVoter: 4 };

test("a tap appends an entry, and a second tap takes it back", () => {
  const picks = toggle(toggle(toggle([], "a", weighted), "b", weighted), "a", weighted);
  expect(picks).toEqual(["b"]);
});

test("a full ballot takes no further entry, and stays the same object", () => {
  const full: Picks = ["a", "b"];
  expect(toggle(full, "c", approval)).toBe(full);
  expect(place(full, "c", 1, approval)).toBe(full);
});

test("an entry is placed at a position, and others make room", () => {
  expect(place(["a", "b", "c"], "c", 1, ranked)).toEqual(["c", "a", "b"]);
  expect(place(["a", "b"], "c", 2, ranked)).toEqual(["a", "c", "b"]);
  expect(place(["a", "b"], "a", 9, ranked)).toEqual(["b", "a"]);
  expect(place([], "a", 5, ranked)).toEqual(["a"]);
});

test("a pick moves by one, and not past the ends", () => {
  expect(move(["a", "b", "c"], "b", -1)).toEqual(["b", "a", "c"]);
  expect(move(["a", "b", "c"], "b", 1)).toEqual(["a", "c", "b"]);
  const picks: Picks = ["a", "b"];
  expect(move(picks, "a", -1)).toBe(picks);
  expect(move(picks, "b", 1)).toBe(picks);
  expect(move(picks, "x", 1)).toBe(picks);
});

test("a weighted ballot needs exactly its number of picks, others at least one", () => {
  expect([0, 1, 2, 3].map((count) => isComplete(["a", "b", "c"].slice(0, count), weighted))).toEqual([
    false,
    false,
    false,
    true,
  ]);
  expect([0, 1, 2].map((count) => isComplete(["a", "b"].slice(0, count), approval))).toEqual([
    false,
    true,
    true,
  ]);
});

test("stored picks are kept as far as the vote still has them", () => {
  expect(onlyValid(["a", "gone", "b", "a", "c"], new Set(["a", "b", "c"]), approval)).toEqual(["a", "b"]);
});

test("digits stand for positions", () => {
  expect(["1", "9", "0", "a", "10", ""].map(positionOfKey)).toEqual([
    1,
    9,
    10,
    undefined,
    undefined,
    undefined,
  ]);
});

test("positions have words", () => {
  expect([1, 2, 3, 10, 11, 12, 13, 21, 22, 23, 101, 111].map(ordinal)).toEqual(
    "first second third tenth 11th 12th 13th 21st 22nd 23rd 101st 111th".split(" "),
  );
});

describe("what is said", () => {
  test("of each move", () => {
    expect(describeChange("Mirelle", "m", ["a", "b"], ["a", "m", "b"], ranked)).toBe("Mirelle: second of 3.");
    expect(describeChange("Mirelle", "m", ["m"], [], ranked)).toBe(
      "Mirelle: taken back. 0 of at most 4 chosen.",
    );
    expect(describeChange("Mirelle", "m", [], ["m"], approval)).toBe(
      "Mirelle: chosen. 1 of at most 2 chosen.",
    );
    const full: Picks = ["a", "b"];
    expect(describeChange("Mirelle", "m", full, full, approval)).toBe(
      "The ballot is full: 2 of at most 2 chosen. Take an entry back first.",
    );
  });

  test("of what is asked", () => {
    expect(instruction(weighted)).toBe("Choose exactly 3 entries, your first choice first.");
    expect(instruction(approval)).toBe("Choose up to 2 entries.");
    expect(instruction({ method: "INSTANT_RUNOFF", picksPerVoter: 1 })).toBe("Choose one entry.");
    expect(progress(["a"], weighted)).toBe("1 of 3 chosen, 2 more to choose");
    expect(progress(["a", "b", "c"], weighted)).toBe("3 of 3 chosen");
  });
});

test("no order of steps breaks a ballot", () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const entries = ["a", "b", "c", "d", "e", "f"];
  for (const rules of [weighted, approval, ranked]) {
    let picks: Picks = [];
    for (let step = 0; step < 500; step += 1) {
      const entry = entries[random(entries.length)] ?? "a";
      const before = picks;
      picks = [
        () => toggle(picks, entry, rules),
        () => place(picks, entry, random(12), rules),
        () => move(picks, entry, random(2) === 0 ? -1 : 1),
      ][random(3)]?.() as Picks;
      expect(new Set(picks).size).toBe(picks.length);
      expect(picks.length).toBeLessThanOrEqual(rules.picksPerVoter);
      expect(Math.abs(picks.length - before.length)).toBeLessThanOrEqual(1);
      // Only the entry itself moves.
      expect(picks.filter((it) => it !== entry)).toEqual(before.filter((it) => it !== entry));
    }
  }
});
