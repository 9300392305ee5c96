// Votes in their states, as the API shows them.
import type { Page } from "playwright/test";
import { count } from "../../src/counting/count";
import { presentResult } from "../../src/counting/present";
import { receiptOf } from "../../src/counting/receipts";
import { boxOf, Random } from "../../src/counting/testing/random";
import type { Method } from "../../src/counting/types";
import { type Fixture, leaderFixture, startAs } from "./stand-in";

export const LATER = "2099-01-01T18:00:00Z";
export const EARLIER = "2026-11-01T18:00:00Z";

export const RANKS = [
  { id: "rank-1", name: "Guild Leader", level: 5 },
  { id: "rank-2", name: "رتبة", level: 3 },
  { id: "rank-3", name: "Initiate", level: 1 },
];

const NAMES = ["Mirelle", "Thorn", "x".repeat(90), "مريم", "Salty"];

export const ENTRIES: Fixture[] = NAMES.map((name, index) => ({
  id: `entry-${index + 1}`,
  name,
  description: index === 1 ? "Has healed every raid since spring, and answers every whisper." : null,
  imageUrl: index === 1 ? "https://images.example/thorn.png" : null,
  associatedMember: null,
}));

/** A live vote in which the viewer can vote. */
export const voteFixture = (more: Fixture = {}): Fixture => ({
  id: "vote-1",
  title: "Raider of the season",
  description: "Whom should the guild thank?\nThe winner gets the mount.",
  method: "WEIGHTED",
  picksPerVoter: 3,
  seats: 1,
  status: "LIVE",
  startAt: EARLIER,
  closesAt: LATER,
  durationHours: 72,
  minRankLevelToVote: 3,
  resultsVisibility: "AFTER_VOTING",
  standingsHiddenReason: "VOTE_FIRST",
  viewerCanVote: true,
  turnout: { eligible: 33, voted: 12, percent: 36.4, awaitingRegistration: 4 },
  entries: ENTRIES,
  ...more,
});

const NONCE = "5".repeat(64);
const PICKS = ENTRIES.slice(0, 3);

/** The viewer's ballot in `vote-1`. */
export const BALLOT: Fixture = {
  id: "ballot-1",
  castAt: "2026-11-29T12:00:00Z",
  nonce: NONCE,
  receipt: receiptOf(
    "vote-1",
    NONCE,
    PICKS.map(({ id }) => String(id)),
  ),
  picks: PICKS,
};

/** A live vote after the viewer's ballot. */
export const votedFixture = (more: Fixture = {}) =>
  voteFixture({
    viewerCanVote: false,
    viewerCannotVoteReason: "ALREADY_VOTED",
    standingsHiddenReason: null,
    viewerBallot: BALLOT,
    ...more,
  });

/** 41 ballots about the five entries, which several methods count differently. */
const RANKINGS = [
  { picks: [0, 3, 1], ballots: 12 },
  { picks: [1, 2, 0], ballots: 10 },
  { picks: [3, 1, 4], ballots: 9 },
  { picks: [4, 3, 0], ballots: 6 },
  { picks: [2, 1, 3], ballots: 4 },
];

/** A closed vote by this method with its tables, and the ballot box that a browser counts again. */
export function closedFixture(method: Method, more: Fixture = {}): Fixture {
  const seats = method === "SINGLE_TRANSFERABLE_VOTE" ? 2 : 1;
  const election = { method, picksPerVoter: 3, seats, entries: NAMES.length, rankings: RANKINGS };
  const box = boxOf(election, NAMES, new Random(1));
  const result = presentResult(box.entries, count(election));
  const [ballot] = box.ballots;
  const voted = box.ballots.length;
  return voteFixture({
    ...result,
    id: box.campaign,
    entries: box.entries,
    method,
    seats,
    status: "CLOSED",
    closedAt: "2026-11-28T18:00:00Z",
    closesAt: "2026-11-28T18:00:00Z",
    closeReason: "DEADLINE",
    decidedByListedOrder: box.decidedByListedOrder,
    standingsHiddenReason: null,
    viewerCanVote: false,
    viewerCannotVoteReason: "NOT_LIVE",
    turnout: { eligible: box.eligible, voted, percent: 93.2 },
    viewerBallot: ballot && {
      ...BALLOT,
      ...ballot,
      picks: ballot.picks.map((id) => box.entries.find((entry) => entry.id === id)),
    },
    ballotBox: { count: voted, digest: box.digest, file: JSON.stringify(box) },
    ...more,
  });
}

/** A draft that an officer prepares. */
export const draftFixture = (more: Fixture = {}) =>
  voteFixture({
    status: "DRAFT",
    startAt: null,
    closesAt: null,
    minRankLevelToView: 3,
    announcements: "QUIET",
    activationBlockers: [],
    draftRevision: 7,
    viewerActions: ["EDIT", "DELETE", "ACTIVATE"],
    ...more,
  });

/** Opens the editor of a draft for a leader. */
export async function openDraft(page: Page, draft: Fixture | null, root: Fixture = {}) {
  const state = await startAs(page, leaderFixture(), {
    campaign: draft,
    ranks: RANKS,
    discordChannels: [{ id: "11", name: "votes" }],
    ...root,
  });
  await page.goto("/admin/votes/vote-1");
  return state;
}
