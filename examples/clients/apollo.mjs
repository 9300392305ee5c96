// Apollo Client with Guildhall.

import assert from 'node:assert/strict';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';
import { ReplaySubject, filter, firstValueFrom, from, switchMap } from 'rxjs';
import { Session, isTokenRefused } from '../../web/src/client/session.js';
import { openSocket } from '../../web/src/client/socket.js';
import {
  guild, password, run, server, showCampaign, showError, showMember, showRoster, showTally, showTurnout,
} from './demo.mjs';

function connect(session, socket) {
  const authorization = new SetContextLink(({ headers }) => ({ headers: { ...headers, ...session.headers } }));
  // Retries once after renewing the session.
  const renewal = new ErrorLink(({ error, operation, forward }) => {
    if (!CombinedGraphQLErrors.is(error) || !isTokenRefused(error.errors)) return;
    return from(session.renew()).pipe(switchMap(() => forward(operation)));
  });
  const transport = ApolloLink.split(
    ({ operationType }) => operationType === 'subscription',
    new GraphQLWsLink(socket),
    new HttpLink({ uri: session.url }),
  );
  // The default key, type and id, fits every type with an id, because ids are unique.
  const cache = new InMemoryCache({
    typePolicies: {
      Query: {
        fields: {
          // All pages with the same filter and order form one list.
          members: relayStylePagination(['filter', 'orderBy']),
          campaigns: relayStylePagination(['filter', 'orderBy']),
        },
      },
    },
  });
  const client = new ApolloClient({ link: ApolloLink.from([renewal, authorization, transport]), cache });
  // The server does not send what changed while the socket was closed.
  socket.onRefetch(() => client.refetchQueries({ include: 'active' }));
  return client;
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
  query Campaign($id: ID!) { campaign(id: $id) { title ...Progress } }
  ${PROGRESS}
`;
const CAST_BALLOT = gql`
  mutation CastBallot($input: CastBallotInput!) {
    castBallot(input: $input) { ballot { id receipt nonce } campaign { ...Progress } }
  }
  ${PROGRESS}
`;
const TALLY = gql`
  subscription Tally($campaignId: ID!) {
    voteTally(campaignId: $campaignId) {
      revision isFinal turnout { eligible voted } standings { place points entry { id name } }
      campaign { ...Progress }
    }
  }
  ${PROGRESS}
`;
const CHANGES = gql`
  subscription Changes($campaignId: ID) { campaignChanged(campaignId: $campaignId) { ...Progress } }
  ${PROGRESS}
`;

/** Watches a query, as a component does. */
function watch(client, options) {
  const query = client.watchQuery(options);
  const results = new ReplaySubject(1);
  query.subscribe(results);
  /** The first data that meets a condition. */
  const until = async (condition) => {
    const matching = filter(({ data, error }) => error || (data && condition(data)));
    const { data, error } = await firstValueFrom(results.pipe(matching));
    if (error) throw error;
    return data;
  };
  return { query, until };
}

await run('apollo', async ({ campaignId, ballot, moveOn, archive }) => {
  const session = new Session(server, { guild });
  await session.signIn('member', password);
  const socket = openSocket(session, { createClient });
  const client = connect(session, socket);

  // The roster by pages. The field's policy merges each page into the list.
  const roster = watch(client, { query: ROSTER, variables: { first: 5 } });
  const { pageInfo } = (await roster.until(({ members }) => members.edges.length === 5)).members;
  await roster.query.fetchMore({ variables: { after: pageInfo.endCursor } });
  const { edges } = (await roster.until(({ members }) => members.edges.length === 10)).members;
  showRoster(edges);

  // An object by its id. The cache merges the result into every place that shows the member.
  const [{ node }] = edges;
  await client.query({ query: MEMBER, variables: { id: node.id } });
  const known = gql`fragment Known on Member { displayName discordUsername rank { name } }`;
  showMember(client.readFragment({ id: client.cache.identify(node), fragment: known }));

  // The response to a ballot has its campaign, and the cache updates everything that shows the campaign.
  const campaign = watch(client, { query: CAMPAIGN, variables: { id: campaignId } });
  const changes = client.subscribe({ query: CHANGES, variables: { campaignId } }).subscribe();
  const voted = (count) => campaign.until(({ campaign }) => campaign.turnout.voted === count);
  await voted(0);
  await client.mutate({ mutation: CAST_BALLOT, variables: { input: ballot } });
  const { turnout, viewerCanVote } = (await voted(1)).campaign;
  assert.equal(viewerCanVote, false);
  showTurnout(turnout);

  // The current tally, the next one, and the result, after which the subscription completes.
  let tallies = 0;
  await new Promise((resolve, reject) => {
    client.subscribe({ query: TALLY, variables: { campaignId } }).subscribe({
      next({ data, error }) {
        if (error) return reject(error);
        tallies += 1;
        showTally(data.voteTally);
        moveOn();
      },
      error: reject,
      complete: resolve,
    });
  });
  assert.equal(tallies, 3);
  const closed = await campaign.until(({ campaign }) => campaign.status === 'CLOSED');
  assert.equal(closed.campaign.turnout.voted, 2);

  // Other changes of the campaign. The cache merges them by its id, so no query has to be repeated.
  await archive();
  showCampaign((await campaign.until(({ campaign }) => campaign.status === 'ARCHIVED')).campaign);
  changes.unsubscribe();

  // Errors, over HTTP and over the WebSocket.
  const late = await client.mutate({ mutation: CAST_BALLOT, variables: { input: ballot } }).catch((error) => error);
  const lost = await firstValueFrom(client.subscribe({ query: TALLY, variables: { campaignId: 'nowhere' } }));
  for (const error of [late, lost.error]) {
    assert.ok(CombinedGraphQLErrors.is(error), error);
    showError(error.errors[0]);
  }

  // With an invalid access token, the session is renewed once for all refused requests.
  let renewals = 0;
  session.onRenewal(() => (renewals += 1));
  session.accessToken = 'expired';
  const refetch = ({ node }) =>
    client.query({ query: MEMBER, variables: { id: node.id }, fetchPolicy: 'network-only' });
  await Promise.all(edges.map(refetch));
  assert.equal(renewals, 1);
  console.log(`  renewal: one for ${edges.length} requests`);

  client.stop();
  await socket.dispose();
});
