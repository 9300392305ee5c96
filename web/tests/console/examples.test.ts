import { readFileSync } from "node:fs";
import { buildSchema, getVariableValues, type OperationDefinitionNode, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { defaultTabs, examples } from "../../src/console/examples.js";

const schema = buildSchema(readFileSync("../schema.graphql", "utf8"));
const operationOf = (document: string) => parse(document).definitions as OperationDefinitionNode[];
const values = (text: string) => JSON.parse(text.replaceAll(/^\/\/.*$/gm, ""));
const comment = (text: string) =>
  text
    .match(/^\/\/ (.*)$/gm)
    ?.map((line) => line.slice(3))
    .join(" ");

/** The JSON of an example's variables, in a context of the guild. */
function variablesOf(name: string, context: object | undefined) {
  const example = examples.find(({ document }) => operationOf(document)[0]?.name?.value === name);
  const text = example?.variables?.(context);
  if (text === undefined) throw new Error(`${name} has no variables`);
  return text;
}

const rank = (level: number, viewerActions: string[] = []) => ({
  id: `rank ${level}`,
  name: `Rank ${level}`,
  level,
  viewerActions,
});
const leader = {
  id: "leader",
  rank: {
    name: "Leader",
    level: 5,
    permissions: ["RANKS_MANAGE", "MEMBERS_MANAGE", "MEMBERS_INVITE", "CAMPAIGNS_MANAGE"],
  },
};
const live = (id: string, fields: object = {}) => ({
  id,
  picksPerVoter: 2,
  createdBy: { id: "another" },
  viewerBallot: null,
  viewerCanVote: true,
  viewerCannotVoteReason: null,
  standingsHiddenReason: null,
  entries: [{ id: "a" }, { id: "b" }, { id: "c" }],
  ...fields,
});
const empty = { me: null, ranks: [], live: [], drafts: [], past: [], unregistered: [], newcomers: [] };
const full = {
  me: leader,
  ranks: [5, 4, 3, 2, 1].map((level) => rank(level, ["EDIT"])),
  live: [live("live")],
  drafts: [
    {
      id: "draft",
      createdBy: { id: "leader" },
      draftRevision: 3,
      entries: [
        { id: "e", name: "Ulduar", description: "Cold", imageUrl: null, associatedMember: { id: "m" } },
      ],
    },
  ],
  past: [{ id: "past", viewerBallot: { id: "ballot" } }],
  unregistered: [
    { id: "superior", viewerActions: [] },
    { id: "invitable", viewerActions: ["INVITE"] },
  ],
  newcomers: [{ discordUsername: "newcomer" }],
};

describe.each(examples.map((example) => [example.label, example] as const))("%s", (_label, example) => {
  const operations = operationOf(example.document);

  it("is one named operation of the public API, with a comment", () => {
    expect(validate(schema, parse(example.document))).toEqual([]);
    expect(operations).toHaveLength(1);
    expect(operations[0]?.name?.value).toBeTruthy();
    expect(example.document).toMatch(/^# [A-Z].{1,38}\n/);
  });

  it.each([
    ["before the server has responded", undefined],
    ["in an empty guild", empty],
    ["in a guild with votes", full],
  ])("has variables of the right types %s", (_when, context) => {
    const definitions = operations[0]?.variableDefinitions ?? [];
    const text = example.variables?.(context) ?? "{}";
    const { coerced, errors } = getVariableValues(schema, definitions, values(text));
    expect(errors).toBeUndefined();
    // Each is a variable of the operation.
    expect(Object.keys(coerced ?? {})).toEqual(expect.arrayContaining(Object.keys(values(text))));
    if (context === undefined) expect(comment(text)).toBeUndefined();
    for (const line of text.match(/^\/\/.*$/gm) ?? []) expect(line.length).toBeLessThanOrEqual(43);
  });
});

it("names each example and each operation once", () => {
  const names = examples.map(({ document }) => operationOf(document)[0]?.name?.value);
  expect(new Set(names).size).toBe(examples.length);
  expect(new Set(examples.map(({ label }) => label)).size).toBe(examples.length);
});

it("opens first a tab without variables", () => {
  expect(defaultTabs[0]?.variables).toBeUndefined();
});

describe("the variables", () => {
  it("vote where the viewer can vote", () => {
    const voted = live("voted", { viewerCanVote: false, viewerCannotVoteReason: "ALREADY_VOTED" });
    const text = variablesOf("CastBallot", { ...full, live: [voted, live("open")] });
    expect(values(text)).toEqual({ input: { campaignId: "open", picks: ["a", "b"] } });
    expect(comment(text)).toBeUndefined();
    expect(comment(variablesOf("CastBallot", { ...full, live: [voted] }))).toMatch(/You have voted already/);
  });

  it("say what to do first without a live vote", () => {
    for (const name of ["CastBallot", "WatchTally", "WatchTurnout"])
      expect(comment(variablesOf(name, { ...full, live: [] }))).toMatch(/No vote is live\. Run CreateVote/);
    expect(comment(variablesOf("CloseVote", full))).toMatch(/You have no live vote/);
    expect(comment(variablesOf("StartVote", { ...full, drafts: [] }))).toMatch(/Run CreateVote first/);
    expect(comment(variablesOf("VoteResult", { ...full, past: [] }))).toMatch(/CloseVote closes one/);
  });

  it("watch a vote whose standings show", () => {
    const hidden = live("hidden", { standingsHiddenReason: "VOTE_FIRST" });
    expect(values(variablesOf("WatchTally", { ...full, live: [hidden, live("shown")] }))).toEqual({
      campaignId: "shown",
    });
    expect(comment(variablesOf("WatchTally", { ...full, live: [hidden] }))).toMatch(/Run CastBallot first/);
  });

  it("close and start only votes of the viewer's own", () => {
    const own = live("own", { createdBy: { id: "leader" } });
    expect(values(variablesOf("CloseVote", { ...full, live: [live("other"), own] }))).toEqual({ id: "own" });
    expect(values(variablesOf("CloseVote", full))).toEqual({ id: "" });
    expect(values(variablesOf("StartVote", full))).toEqual({ id: "draft" });
  });

  it("keep all of a draft's entries", () => {
    const entry = { name: "Ulduar", description: "Cold", associatedMemberId: "m" };
    expect(values(variablesOf("SetEntries", full)).input).toEqual({
      campaignId: "draft",
      draftRevision: 3,
      entries: [{ id: "e", entry }, { entry: { name: "Naxxramas" } }],
    });
  });

  it("find room for a rank, or say how to make it", () => {
    expect(comment(variablesOf("CreateRank", full))).toMatch(/Run SpreadRanks first/);
    const spread = values(variablesOf("SpreadRanks", full)).input.levels;
    expect(spread.map(({ level }: { level: number }) => level)).toEqual([50, 40, 30, 20, 10]);
    const me = { ...leader, rank: { ...leader.rank, level: 50 } };
    const text = variablesOf("CreateRank", { ...full, me, ranks: [50, 40, 11, 10].map((it) => rank(it)) });
    expect(values(text).input.level).toBe(12);
    expect(comment(text)).toBeUndefined();
  });

  it("move only ranks that the viewer may move, below the others", () => {
    const ranks = [rank(9), rank(8), rank(2, ["EDIT"]), rank(1, ["EDIT"])];
    expect(values(variablesOf("SpreadRanks", { ...full, ranks })).input.levels).toEqual([
      { rankId: "rank 2", level: 4 },
      { rankId: "rank 1", level: 2 },
    ]);
  });

  it("invite a member whom the viewer may invite, and add one with a new name", () => {
    expect(values(variablesOf("InviteMember", full))).toEqual({ memberId: "invitable" });
    expect(values(variablesOf("AddMember", full)).input.discordUsername).toBe("newcomer2");
  });

  it("name the permission that is missing", () => {
    const me = { ...leader, rank: { ...leader.rank, permissions: [] } };
    expect(comment(variablesOf("CreateVote", { ...full, me }))).toBe(
      "Your rank does not grant CAMPAIGNS_MANAGE.",
    );
    expect(comment(variablesOf("CreateVote", empty))).toMatch(/Sign in first.*CAMPAIGNS_MANAGE/);
  });
});
