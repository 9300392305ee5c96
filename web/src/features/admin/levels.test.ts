import { expect, test } from "vitest";
import { canMoveUp, planBelow, type Rung, sortRungs } from "./levels";

const ladder = (levels: readonly number[], editable: (level: number) => boolean = () => true): Rung[] =>
  levels.map((level) => ({ id: `r${level}`, level, isEditable: editable(level) }));

/** Carries a plan out as the server would, and returns the order of the ladder. */
function run(rungs: readonly Rung[], aboveId: string, id?: string) {
  const plan = planBelow(rungs, aboveId, id);
  if (!plan) return undefined;
  const now = rungs.map((rung) => ({ ...rung }));
  const order = () => sortRungs(now).map((rung) => rung.id);
  for (const { rankId, level } of plan.before) {
    const rung = now.find((it) => it.id === rankId);
    expect(rung?.isEditable).toBe(true);
    if (rung) rung.level = level;
  }
  const moved = now.find((it) => it.id === id);
  expect(now.filter((it) => it !== moved).map((it) => it.level)).not.toContain(plan.level);
  if (moved) moved.level = plan.level;
  else now.push({ id: "new", level: plan.level, isEditable: true });
  expect(new Set(now.map((it) => it.level)).size).toBe(now.length);
  for (const { level } of now) expect(level >= 1 && level <= 1_000).toBe(true);
  return order();
}

test("a new rank takes a level between its neighbours", () => {
  expect(planBelow(ladder([50, 20, 10]), "r50")).toEqual({ before: [], level: 35 });
  expect(planBelow(ladder([50, 20, 10]), "r10")).toEqual({ before: [], level: 5 });
});

test("without a level in between, the ladder is spread, and keeps its order", () => {
  const rungs = ladder([5, 4, 3, 2, 1]);
  for (const [index, { id }] of rungs.entries()) {
    const expected = rungs.map((rung) => rung.id);
    expected.splice(index + 1, 0, "new");
    expect(run(rungs, id)).toEqual(expected);
  }
  expect(run(ladder([1_000, 999, 998]), "r999")).toEqual(["r1000", "r999", "new", "r998"]);
});

test("ranks that the viewer may not change stay where they are", () => {
  const rungs = ladder([9, 8, 2, 1], (level) => level < 8);
  expect(run(rungs, "r2")).toEqual(["r9", "r8", "r2", "new", "r1"]);
  expect(run(rungs, "r8")).toEqual(["r9", "r8", "new", "r2", "r1"]);
});

test("a full ladder has no room", () => {
  expect(
    planBelow(
      ladder([4, 3, 2, 1], (level) => level < 4),
      "r3",
    ),
  ).toBeUndefined();
});

test("a rank moves up and down", () => {
  const rungs = ladder([5, 4, 3, 2, 1]);
  expect(run(rungs, "r5", "r3")).toEqual(["r5", "r3", "r4", "r2", "r1"]);
  expect(run(rungs, "r2", "r4")).toEqual(["r5", "r3", "r2", "r4", "r1"]);
  expect(run(rungs, "r1", "r4")).toEqual(["r5", "r3", "r2", "r1", "r4"]);
  expect(run(ladder([50, 40, 30]), "r50", "r30")).toEqual(["r50", "r30", "r40"]);
});

test("the highest rank stays the highest", () => {
  const rungs = ladder([5, 4, 3]);
  expect(canMoveUp(rungs, 2)).toBe(true);
  expect(canMoveUp(rungs, 1)).toBe(false);
  expect(canMoveUp(rungs, 0)).toBe(false);
  expect(
    canMoveUp(
      ladder([5, 4, 3], (level) => level < 4),
      2,
    ),
  ).toBe(false);
});
