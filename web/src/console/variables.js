// The variables of the examples, with ids from the guild. Each function takes the console's context, which is undefined until
// the server has responded, and returns JSON. Comments before it say what is missing.

/** Longest line of a comment, in characters. */
const LINE = 40;
const SIGN_IN = "Sign in first, at the top right.";
const NO_LIVE_VOTE = "No vote is live. Run CreateVote and StartVote first, as an officer.";
const CANNOT_VOTE = {
  SIGN_IN,
  NOT_REGISTERED: "You have no account, so you cannot vote.",
  ALREADY_VOTED: "You have voted already. CreateVote and StartVote open another vote.",
  RANK_TOO_LOW: "Your rank is too low for this vote.",
};
const STANDINGS_HIDDEN = {
  SIGN_IN: "The standings are hidden from visitors. Sign in first, at the top right.",
  VOTE_FIRST: "The standings are hidden until you have voted. Run CastBallot first.",
  AFTER_CLOSE: "The standings are hidden until the vote closes. Run WatchTurnout instead.",
};
/** What is assumed of a guild of which nothing is known. */
const UNKNOWN = { ranks: [], live: [], drafts: [], past: [], unregistered: [], newcomers: [] };

const ROSTER = [
  "discord_username,display_name,character_name,realm,class,spec",
  "bramble.rook,Bramble Rook,Bramblerook,Area 52,Druid,Balance",
  "bramble.rook,,Thornrook,Area 52,Rogue,Outlaw",
  "sunny.vale,Sunny Vale,,,,",
];
const NEW_ENTRIES = ["Naxxramas", "Black Temple", "Firelands"];

/** Defines an example's variables by its values, and a comment on what is missing. */
const define = (choose) => (context) => {
  const { values, note } = choose({ ...UNKNOWN, ...context });
  const comment = context && note ? `${wrap(note)}\n` : "";
  return comment + JSON.stringify(values, null, 2);
};

export const castBallot = define(({ live }) => {
  const vote = live.find(({ viewerCanVote }) => viewerCanVote) ?? live[0];
  const picks = vote ? vote.entries.slice(0, vote.picksPerVoter).map(({ id }) => id) : [""];
  return {
    values: { input: { campaignId: idOf(vote), picks } },
    note: vote ? CANNOT_VOTE[vote.viewerCannotVoteReason] : NO_LIVE_VOTE,
  };
});

export const myReceipt = define(({ me, live, past }) => {
  const votes = [...live, ...past];
  const voted = votes.find(({ viewerBallot }) => viewerBallot);
  const note = !voted && (me ? "You have cast no ballot yet. Run CastBallot first." : SIGN_IN);
  return { values: { campaignId: idOf(voted ?? votes[0]) }, note };
});

export const voteResult = define(({ past }) => ({
  values: { campaignId: idOf(past[0]) },
  note: !past[0] && "No vote has closed yet. CloseVote closes one.",
}));

export const watchTally = define(({ live }) => {
  const vote = live.find(({ standingsHiddenReason }) => !standingsHiddenReason) ?? live[0];
  return {
    values: { campaignId: idOf(vote) },
    note: vote ? STANDINGS_HIDDEN[vote.standingsHiddenReason] : NO_LIVE_VOTE,
  };
});

export const watchTurnout = define(({ live }) => ({
  values: { campaignId: idOf(live[0]) },
  note: !live[0] && NO_LIVE_VOTE,
}));

export const spreadRanks = define(({ me, ranks }) => {
  const editable = ranks.filter(({ viewerActions }) => viewerActions.includes("EDIT"));
  const moved = editable.length ? editable : ranks;
  // Below the ranks that stay.
  const limit = Math.min(...ranks.filter((rank) => !moved.includes(rank)).map(({ level }) => level));
  const step = Math.max(1, Math.min(10, Math.floor(limit / (moved.length + 1))));
  const levels = moved.map(({ id }, index) => ({ rankId: id, level: (moved.length - index) * step }));
  return { values: { input: { levels } }, note: lacks(me, "RANKS_MANAGE") };
});

export const createRank = define(({ me, ranks }) => {
  const levels = ranks.map(({ level }) => level);
  const own = me?.rank.level ?? Math.max(1, ...levels);
  const lowest = levels.length ? Math.min(...levels) : 0;
  const free = range(lowest + 1, own).find((level) => !levels.includes(level));
  const name = unused(
    "Trial",
    ranks.map(({ name }) => name),
  );
  return {
    values: { input: { name, level: free ?? lowest + 1, permissions: [] } },
    note: lacks(me, "RANKS_MANAGE") ?? (!free && "No level is free below your own. Run SpreadRanks first."),
  };
});

export const addMember = define(({ me, newcomers }) => {
  const names = newcomers.map(({ discordUsername }) => discordUsername);
  return {
    values: { input: { discordUsername: unused("newcomer", names, ""), displayName: "Newcomer" } },
    note: lacks(me, "MEMBERS_MANAGE"),
  };
});

export const inviteMember = define(({ me, unregistered }) => {
  const member = unregistered.find(({ viewerActions }) => viewerActions.includes("INVITE"));
  const note = lacks(me, "MEMBERS_INVITE") ?? (!member && "There is no one to invite. Run AddMember first.");
  return { values: { memberId: idOf(member) }, note };
});

export const checkRoster = define(({ me }) => rosterFile(me, { dryRun: true }));
export const importRoster = define(({ me }) => rosterFile(me, {}));

export const createVote = define(({ me }) => ({
  values: {
    input: {
      title: "Where to next?",
      method: "APPROVAL",
      picksPerVoter: 2,
      minRankLevelToVote: 1,
      durationHours: 48,
      resultsVisibility: "ALWAYS",
      announcements: "OFF",
      entries: [{ name: "Karazhan" }, { name: "Ulduar" }],
    },
  },
  note: lacks(me, "CAMPAIGNS_MANAGE"),
}));

export const setEntries = define(({ me, drafts }) => {
  const draft = drafts.find(isOf(me));
  const kept = draft?.entries.map(({ id, ...entry }) => ({ id, entry: entryInput(entry) })) ?? [];
  const isNew = (name) => !kept.some(({ entry }) => entry.name === name);
  const added = NEW_ENTRIES.filter(isNew).slice(0, 1);
  const entries = [...kept, ...added.map((name) => ({ entry: { name } }))];
  return {
    values: { input: { campaignId: idOf(draft), draftRevision: draft?.draftRevision, entries } },
    note: lacksDraft(me, draft),
  };
});

export const startVote = define(({ me, drafts }) => {
  const draft = drafts.find(isOf(me));
  return { values: { id: idOf(draft) }, note: lacksDraft(me, draft) };
});

// Only a vote of the officer's own, because one press of a button closes it.
export const closeVote = define(({ me, live }) => {
  const vote = live.find(isOf(me));
  const note =
    lacks(me, "CAMPAIGNS_MANAGE") ?? (!vote && "You have no live vote. Run CreateVote and StartVote first.");
  return { values: { id: idOf(vote) }, note };
});

const idOf = (object) => object?.id ?? "";
const isOf = (me) => (vote) => me && vote.createdBy?.id === me.id;
const range = (from, end) => Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index);

function rosterFile(me, options) {
  return {
    values: { input: { format: "CSV", ...options, data: ROSTER.join("\n") } },
    note: lacks(me, "MEMBERS_MANAGE"),
  };
}

/** An entry as input. An omitted field would become empty. */
function entryInput({ associatedMember, ...fields }) {
  const entry = { ...fields, associatedMemberId: associatedMember?.id };
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value != null));
}

function lacks(me, permission) {
  if (!me) return `${SIGN_IN} This needs a rank that grants ${permission}.`;
  if (!me.rank.permissions.includes(permission)) return `Your rank does not grant ${permission}.`;
}

function lacksDraft(me, draft) {
  return lacks(me, "CAMPAIGNS_MANAGE") ?? (!draft && "You have no draft. Run CreateVote first.");
}

/** The name, with a number if it is taken. */
function unused(name, taken, separator = " ") {
  const isTaken = (candidate) => taken.some((other) => other?.toLowerCase() === candidate.toLowerCase());
  const numbered = range(2, taken.length + 3).map((number) => name + separator + number);
  return [name, ...numbered].find((candidate) => !isTaken(candidate));
}

/** A text as lines of comments. */
function wrap(text) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length <= LINE || lines.at(-1) === "") lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.map((line) => `// ${line}`).join("\n");
}
