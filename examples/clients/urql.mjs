// urql with Guildhall.

import assert from 'node:assert/strict';
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { guild, password, run, server, showError, showMember, showRoster, showTally, showTurnout } from './demo.mjs';
import { Session, isTokenRefused } from './session.mjs';
import { openSocket } from './socket.mjs';

function connect(session, socket) {
  // An id is unique among all things, so that the default key, type and id, is right for whatever has one.
  const cache = cacheExchange({
    // What has none is kept in what it is of.
    keys: { Standing: () => null, Turnout: () => null, VoteTally: () => null },
    resolvers: {
      Query: {
        // The pages of a filter make one list.
        members: relayPagination(),
        campaigns: relayPagination(),
      },
    },
  });
  const authorization = authExchange(async ({ appendHeaders }) => ({
    addAuthToOperation: (operation) => appendHeaders(operation, session.headers),
    // Asks once more after renewing the session.
    didAuthError: ({ graphQLErrors }) => isTokenRefused(graphQLErrors),
    refreshAuth: () => session.renew(),
  }));
  const subscriptions = subscriptionExchange({
    forwardSubscription: (request) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink) }),
    }),
  });
  return new Client({ url: session.url, exchanges: [cache, authorization, fetchExchange, subscriptions] });
}

const ROSTER = gql`
  query Roster($first: Int!, $after: String) {
    members(first: $first, after: $after) {
      edges { node { id displayName rank { id name } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;
const MEMBER = gql`
  query Member($id: ID!) {
    node(id: $id) { id ... on Member { displayName discordUsername } }
  }
`;
const PROGRESS = gql`
  fragment Progress on Campaign { id status viewerCanVote turnout { eligible voted } }
`;
const CAMPAIGN = gql`
  query Campaign($id: ID!) { campaign(id: $id) { id title ...Progress } }
  ${PROGRESS}
`;
const CAST_BALLOT = gql`
  mutation CastBallot($input: CastBallotInput!) {
    castBallot(input: $input) { ballot { id receipt nonce } campaign { id ...Progress } }
  }
  ${PROGRESS}
`;
const TALLY = gql`
  subscription Tally($campaignId: ID!) {
    voteTally(campaignId: $campaignId) {
      revision isFinal turnout { eligible voted } standings { place points entry { id name } }
      campaign { id ...Progress }
    }
  }
  ${PROGRESS}
`;

/** What an operation brings; its error is thrown. */
async function ask(operation) {
  const { data, error } = await operation;
  if (error) throw error;
  return data;
}

await run('urql', async ({ campaignId, ballot, moveOn }) => {
  const session = new Session(server, guild);
  await session.signIn('member', password);
  const socket = openSocket(session);
  const client = connect(session, socket);

  // The roster by pages: the cache's resolver puts each where it belongs in the list.
  const { pageInfo } = (await ask(client.query(ROSTER, { first: 5 }))).members;
  const { edges } = (await ask(client.query(ROSTER, { first: 5, after: pageInfo.endCursor }))).members;
  assert.equal(edges.length, 10);
  showRoster(edges);

  // Anything by its id. What that brings is known wherever the member is shown.
  const [{ node }] = edges;
  const { discordUsername } = (await ask(client.query(MEMBER, { id: node.id }))).node;
  showMember({ ...node, discordUsername });

  // A ballot is answered with its campaign, and whatever shows that campaign follows.
  let shown;
  const watching = client.query(CAMPAIGN, { id: campaignId }).subscribe(({ data }) => (shown = data?.campaign));
  await ask(client.query(CAMPAIGN, { id: campaignId }));
  assert.equal(shown.turnout.voted, 0);
  await ask(client.mutation(CAST_BALLOT, { input: ballot }));
  assert.equal(shown.turnout.voted, 1);
  assert.equal(shown.viewerCanVote, false);
  showTurnout(shown.turnout);

  // The present tally, the next one, and the result, with which the subscription completes.
  let tallies = 0;
  await new Promise((resolve, reject) => {
    client.subscription(TALLY, { campaignId }).subscribe(({ data, error, hasNext }) => {
      if (error) return reject(error);
      if (!hasNext) return resolve();
      tallies += 1;
      showTally(data.voteTally);
      moveOn();
    });
  });
  assert.equal(tallies, 3);
  assert.equal(shown.turnout.voted, 2);
  assert.equal(shown.status, 'CLOSED');
  watching.unsubscribe();

  // Errors, over HTTP and over the WebSocket.
  const late = await client.mutation(CAST_BALLOT, { input: ballot });
  const lost = await new Promise((resolve) => client.subscription(TALLY, { campaignId: 'nowhere' }).subscribe(resolve));
  for (const { error } of [late, lost]) showError(error.graphQLErrors[0]);

  // An access token that is not good any more: one renewal, however many requests were refused for it.
  let renewals = 0;
  session.onRenewal(() => (renewals += 1));
  session.accessToken = 'worn';
  const again = ({ node }) => ask(client.query(MEMBER, { id: node.id }, { requestPolicy: 'network-only' }));
  await Promise.all(edges.map(again));
  assert.equal(renewals, 1);
  console.log(`  renewal: one for ${edges.length} requests`);

  await socket.dispose();
});
