// urql with Guildhall.

import assert from 'node:assert/strict';
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { createClient } from 'graphql-ws';
import { Session, isTokenRefused } from '../../web/src/client/session.js';
import { openSocket } from '../../web/src/client/socket.js';
import { guild, password, run, server, showError, showMember, showRoster, showTally, showTurnout } from './demo.mjs';

function connect(session, socket) {
  // The default key, type and id, fits every type with an id, because ids are unique.
  const cache = cacheExchange({
    // Types without an id are stored in their parent.
    keys: { Standing: () => null, Turnout: () => null, VoteTally: () => null },
    resolvers: {
      Query: {
        // All pages with the same filter and order form one list.
        members: relayPagination(),
        campaigns: relayPagination(),
      },
    },
  });
  const authorization = authExchange(async ({ appendHeaders }) => ({
    addAuthToOperation: (operation) => appendHeaders(operation, session.headers),
    // Retries once after renewing the session.
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

/** Returns the data of an operation, or throws its error. */
async function dataOf(operation) {
  const { data, error } = await operation;
  if (error) throw error;
  return data;
}

await run('urql', async ({ campaignId, ballot, moveOn }) => {
  const session = new Session(server, { guild });
  await session.signIn('member', password);
  const socket = openSocket(session, { createClient });
  const client = connect(session, socket);

  // The roster by pages. The cache's resolver merges each page into the list.
  const { pageInfo } = (await dataOf(client.query(ROSTER, { first: 5 }))).members;
  const { edges } = (await dataOf(client.query(ROSTER, { first: 5, after: pageInfo.endCursor }))).members;
  assert.equal(edges.length, 10);
  showRoster(edges);

  // An object by its id. The cache merges the result into every place that shows the member.
  const [{ node }] = edges;
  const { discordUsername } = (await dataOf(client.query(MEMBER, { id: node.id }))).node;
  showMember({ ...node, discordUsername });

  // The response to a ballot has its campaign, and the cache updates everything that shows the campaign.
  let shown;
  const watching = client.query(CAMPAIGN, { id: campaignId }).subscribe(({ data }) => (shown = data?.campaign));
  await dataOf(client.query(CAMPAIGN, { id: campaignId }));
  assert.equal(shown.turnout.voted, 0);
  await dataOf(client.mutation(CAST_BALLOT, { input: ballot }));
  assert.equal(shown.turnout.voted, 1);
  assert.equal(shown.viewerCanVote, false);
  showTurnout(shown.turnout);

  // The current tally, the next one, and the result, after which the subscription completes.
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

  // With an invalid access token, the session is renewed once for all refused requests.
  let renewals = 0;
  session.onRenewal(() => (renewals += 1));
  session.accessToken = 'expired';
  const refetch = ({ node }) => dataOf(client.query(MEMBER, { id: node.id }, { requestPolicy: 'network-only' }));
  await Promise.all(edges.map(refetch));
  assert.equal(renewals, 1);
  console.log(`  renewal: one for ${edges.length} requests`);

  await socket.dispose();
});
