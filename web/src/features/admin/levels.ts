// Places on the ladder as levels. Levels are numbers from 1 to 1000; only their order has a meaning.

export interface Rung {
  id: string;
  level: number;
  /** Whether the viewer may change it. */
  isEditable: boolean;
}

export interface Level {
  rankId: string;
  level: number;
}

/** What puts a rank at its place: the changes of other ranks, made at once, and its own level. */
export interface Plan {
  before: Level[];
  level: number;
}

const HIGHEST = 1_000;
/** Distance of levels after they were spread, so that later ranks find room. */
const STEP = 10;

/** The ladder, highest rank first. */
export const sortRungs = <R extends { level: number }>(rungs: readonly R[]) =>
  [...rungs].sort((a, b) => b.level - a.level);

/**
 * Puts a rank directly below another one. `id` is that of the rank that moves, absent for a new one. If there is no level in
 * between, the ladder is spread first. Returns nothing if it has no room. `rungs` are sorted.
 */
export function planBelow(rungs: readonly Rung[], aboveId: string, id?: string): Plan | undefined {
  const direct = levelBelow(rungs, aboveId, id);
  if (direct !== undefined) return { before: [], level: direct };
  const spread = spreadLevels(rungs);
  const byId = new Map(rungs.map(({ id, level }) => [id, level]));
  const levels = new Map(spread.map(({ rankId, level }) => [rankId, level]));
  const after = rungs.map((rung) => ({ ...rung, level: levels.get(rung.id) ?? rung.level }));
  const level = levelBelow(after, aboveId, id);
  return level === undefined
    ? undefined
    : { before: spread.filter(({ rankId, level }) => rankId !== id && byId.get(rankId) !== level), level };
}

/** A level between a rank and the next lower one. */
function levelBelow(rungs: readonly Rung[], aboveId: string, id: string | undefined) {
  const others = rungs.filter((rung) => rung.id !== id);
  const above = others.findIndex((rung) => rung.id === aboveId);
  const upper = others[above]?.level ?? 0;
  const lower = others[above + 1]?.level ?? 0;
  return upper - lower >= 2 ? Math.floor((upper + lower) / 2) : undefined;
}

/** Levels with room in between, in the same order. Ranks that the viewer may not change keep theirs. */
function spreadLevels(rungs: readonly Rung[]): Level[] {
  const fixed = rungs.filter(({ isEditable }) => !isEditable);
  const ceiling = Math.min(HIGHEST + 1, ...fixed.map(({ level }) => level));
  const movable = rungs.filter(({ isEditable, level }) => isEditable && level < ceiling);
  const step = Math.max(1, Math.min(STEP, Math.floor((ceiling - 1) / (movable.length + 1))));
  // One step below the ceiling stays free, for a rank directly below those that cannot move.
  return movable.map(({ id }, index) => ({ rankId: id, level: (movable.length - index) * step }));
}

/** Whether the rank at `index` can change places with the one above. The highest rank stays the highest. */
export const canMoveUp = (rungs: readonly Rung[], index: number) =>
  index > 1 && Boolean(rungs[index]?.isEditable && rungs[index - 1]?.isEditable);
