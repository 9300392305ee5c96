// The setup of the examples: accounts of the demo guild, and a new campaign for each run.

import WebSocket from 'ws';
import { Session } from '../../web/src/client/session.js';

// Node.js before 22 has no `WebSocket`.
globalThis.WebSocket ??= WebSocket;

export const server = process.env.GUILDHALL_URL ?? 'http://127.0.0.1:8080/graphql';
export const guild = process.env.GUILDHALL_GUILD;
export const password = 'guildhall-demo';

/** Longest time of an example, in milliseconds. */
const TIMEOUT = 60_000;

/** Runs an example. Prints a line and exits with 0, or prints the error and exits with 1. */
export async function run(name, example) {
  const fail = (reason) => {
    console.error(`${name}:`, reason);
    process.exit(1);
  };
  const timeout = setTimeout(fail, TIMEOUT, `not done within ${TIMEOUT / 1_000} seconds`);
  await withCampaign(example).catch(fail);
  clearTimeout(timeout);
  console.log(`${name}: ok`);
}

/** Runs an example with a live campaign, and closes and archives the campaign afterwards. */
async function withCampaign(example) {
  const leader = await member('leader');
  const { createCampaign } = await leader(
    'mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { campaign { id entries { id } } } }',
    {
      input: {
        title: 'Where to next?',
        minRankLevelToVote: 1,
        durationHours: 1,
        picksPerVoter: 1,
        resultsVisibility: 'ALWAYS',
        entries: [{ name: 'Karazhan' }, { name: 'Ulduar' }, { name: 'Naxxramas' }],
      },
    },
  );
  const { id, entries } = createCampaign.campaign;
  const ballot = { campaignId: id, picks: [entries[0].id] };
  const step = (mutation) => leader(`mutation ($id: ID!) { ${mutation}(id: $id) { campaign { id } } }`, { id });
  const officer = await member('officer');
  const vote = 'mutation ($input: CastBallotInput!) { castBallot(input: $input) { ballot { id } } }';

  await step('activateCampaign');
  // The events that change the tally: a ballot of another member, then the close of the campaign.
  const moves = [() => officer(vote, { input: ballot }), () => step('closeCampaign')];
  let archived;
  const archive = () => (archived ??= step('archiveCampaign'));
  try {
    await example({ campaignId: id, ballot, moveOn: async () => moves.shift()?.(), archive });
  } finally {
    while (moves.length > 0) await moves.shift()();
    await archive();
  }
}

/** Signs in as a member of the demo guild. Returns a function that executes operations. */
async function member(name) {
  const session = new Session(server, { guild });
  await session.signIn(name, password);
  return async (query, variables) => {
    const response = await fetch(server, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...session.headers },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    if (errors) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
    return data;
  };
}

export function showRoster(edges) {
  console.log(`  roster: ${edges.map(({ node }) => node.displayName).join(', ')}`);
}

export function showMember({ displayName, discordUsername, rank }) {
  console.log(`  node: ${displayName} is @${discordUsername}, ${rank.name}`);
}

export function showTurnout({ voted, eligible }) {
  console.log(`  ballot: ${voted} of ${eligible} have voted`);
}

export function showCampaign({ title, status }) {
  console.log(`  campaign: ${title} ${status}`);
}

export function showTally({ revision, isFinal, turnout, standings }) {
  const places = standings.map(({ place, points, entry }) => `${place}. ${entry.name} ${points}`).join(', ');
  const end = isFinal ? '; the result' : '';
  console.log(`  tally ${revision}: ${turnout.voted} of ${turnout.eligible}; ${places}${end}`);
}

/** An app matches on the code, the reason and the field, and shows the message. */
export function showError({ message, extensions: { code, reason, field } }) {
  console.log(`  error: ${[code, reason, field].filter(Boolean).join(' / ')}: ${message}`);
}
