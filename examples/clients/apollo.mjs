// Apollo Client with Guildhall.

import assert from 'node:assert/strict';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { ReplaySubject, filter, firstValueFrom, from, switchMap } from 'rxjs';
import {
  guild, password, run, server, showCampaign, showError, showMember, showRoster, showTally, showTurnout,
} from './demo.mjs';
import { Session, isTokenRefused } from './session.mjs';
import { openSocket } from './socket.mjs';

function connect(session, socket) {
  const authorization = new SetContextLink(({ headers }) => ({ headers: { ...headers, ...session.headers } }));
  // Asks once more after renewing the session.
  const renewal = new ErrorLink(({ error, operation, forward }) => {
    if (!CombinedGraphQLErrors.is(error) || !isTokenRefused(error.errors)) return;
    return from(session.renew()).pipe(switchMap(() => forward(operation)));
  });
  const transport = ApolloLink.split(
    ({ operationType }) => operationType === 'subscription',
    new GraphQLWsLink(socket),
    new HttpLink({ uri: session.url }),
  );
  // An id is unique among all things, so that the default key, type and id, is right for whatever has one.
  const cache = new InMemoryCache({
    typePolicies: {
      Query: {
        fields: {
          // The pages of a filter make one list.
          members: relayStylePagination(['filter']),
          campaigns: relayStylePagination(['filter']),
        },
      },
    },
  });
  const client = new ApolloClient({ link: ApolloLink.from([renewal, authorization, transport]), cache });
  // Of what changed while there was no socket, nothing is told afterwards.
  socket.on('connected', (_socket, _payload, again) => again && client.refetchQueries({ include: 'active' }));
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

/** Watches a query, as a component that shows it does. */
function watch(client, options) {
  const query = client.watchQuery(options);
  const results = new ReplaySubject(1);
  query.subscribe(results);
  /** What it shows, once that is so. */
  const until = async (isSo) => {
    const due = filter(({ data, error }) => error || (data && isSo(data)));
    const { data, error } = await firstValueFrom(results.pipe(due));
    if (error) throw error;
    return data;
  };
  return { query, until };
}

await run('apollo', async ({ campaignId, ballot, moveOn, archive }) => {
  const session = new Session(server, guild);
  await session.signIn('member', password);
  const socket = openSocket(session);
  const client = connect(session, socket);

  // The roster by pages: the field's policy puts each where it belongs in the list.
  const roster = watch(client, { query: ROSTER, variables: { first: 5 } });
  const { pageInfo } = (await roster.until(({ members }) => members.edges.length === 5)).members;
  await roster.query.fetchMore({ variables: { after: pageInfo.endCursor } });
  const { edges } = (await roster.until(({ members }) => members.edges.length === 10)).members;
  showRoster(edges);

  // Anything by its id. What that brings is known wherever the member is shown.
  const [{ node }] = edges;
  await client.query({ query: MEMBER, variables: { id: node.id } });
  const known = gql`fragment Known on Member { displayName discordUsername rank { name } }`;
  showMember(client.readFragment({ id: client.cache.identify(node), fragment: known }));

  // A ballot is answered with its campaign, and whatever shows that campaign follows.
  const campaign = watch(client, { query: CAMPAIGN, variables: { id: campaignId } });
  const changes = client.subscribe({ query: CHANGES, variables: { campaignId } }).subscribe();
  const voted = (count) => campaign.until(({ campaign }) => campaign.turnout.voted === count);
  await voted(0);
  await client.mutate({ mutation: CAST_BALLOT, variables: { input: ballot } });
  const { turnout, viewerCanVote } = (await voted(1)).campaign;
  assert.equal(viewerCanVote, false);
  showTurnout(turnout);

  // The present tally, the next one, and the result, with which the subscription completes.
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
  const over = await campaign.until(({ campaign }) => campaign.status === 'CLOSED');
  assert.equal(over.campaign.turnout.voted, 2);

  // Whatever else becomes of the campaign: the cache takes it in by its id, and nothing has to be asked anew.
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

  // An access token that is not good any more: one renewal, however many requests were refused for it.
  let renewals = 0;
  session.onRenewal(() => (renewals += 1));
  session.accessToken = 'worn';
  const again = ({ node }) =>
    client.query({ query: MEMBER, variables: { id: node.id }, fetchPolicy: 'network-only' });
  await Promise.all(edges.map(again));
  assert.equal(renewals, 1);
  console.log(`  renewal: one for ${edges.length} requests`);

  client.stop();
  await socket.dispose();
});
