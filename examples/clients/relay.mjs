// Relay with Guildhall, without React. The functions below do what Relay's hooks do with an environment.

import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import relay from 'relay-runtime';
import { Session, isTokenRefused } from '../../web/src/client/session.js';
import { openSocket } from '../../web/src/client/socket.js';
import { guild, password, run, server, showError, showMember, showRoster, showTally, showTurnout } from './demo.mjs';
// relay-compiler generates these from the documents in relay/Guild.js.
import CampaignQuery from './relay/__generated__/GuildCampaignQuery.graphql.js';
import CastBallotMutation from './relay/__generated__/GuildCastBallotMutation.graphql.js';
import MemberQuery from './relay/__generated__/GuildMemberQuery.graphql.js';
import RosterPageQuery from './relay/__generated__/GuildRosterPageQuery.graphql.js';
import RosterQuery from './relay/__generated__/GuildRosterQuery.graphql.js';
import TallySubscription from './relay/__generated__/GuildTallySubscription.graphql.js';
import memberFragment from './relay/__generated__/Guild_member.graphql.js';
import rosterFragment from './relay/__generated__/Guild_roster.graphql.js';
import progressFragment from './relay/__generated__/Guild_progress.graphql.js';

const { Environment, Network, Observable, RecordSource, Store } = relay;

function connect(session, socket) {
  const post = async ({ text }, variables) => {
    const response = await fetch(session.url, {
      method: 'POST',
      headers: {
        Accept: 'application/graphql-response+json',
        'Content-Type': 'application/json',
        ...session.headers,
      },
      body: JSON.stringify({ query: text, variables }),
    });
    return response.json();
  };
  const execute = async (operation, variables) => {
    const result = await post(operation, variables);
    if (!isTokenRefused(result.errors)) return result;
    // Retries once after renewing the session.
    await session.renew();
    return post(operation, variables);
  };

  const subscribe = ({ text }, variables) =>
    Observable.create((sink) =>
      socket.subscribe(
        { query: text, variables },
        {
          next: sink.next,
          complete: sink.complete,
          // GraphQL errors, in the form that Relay gives to errors of a response.
          error: (cause) => sink.error(Array.isArray(cause) ? relayError(cause) : cause),
        },
      ),
    );

  return new Environment({ network: Network.create(execute, subscribe), store: new Store(new RecordSource()) });
}

function relayError(errors) {
  return Object.assign(new Error(errors[0].message), { source: { errors } });
}

await run('relay', async ({ campaignId, ballot, moveOn }) => {
  const session = new Session(server, { guild });
  await session.signIn('member', password);
  const socket = openSocket(session, { createClient });
  const environment = connect(session, socket);

  // These do what useLazyLoadQuery, useFragment and useMutation do.
  const load = (query, variables) => {
    environment.retain(relay.createOperationDescriptor(query, variables));
    return relay.fetchQuery(environment, query, variables).toPromise();
  };
  const lookup = (fragment, reference) => environment.lookup(relay.getSingularSelector(fragment, reference));
  const read = (fragment, reference) => lookup(fragment, reference).data;
  const commit = (mutation, variables) =>
    new Promise((resolve, reject) => {
      const onCompleted = (data, errors) => (errors ? reject(relayError(errors)) : resolve(data));
      relay.commitMutation(environment, { mutation, variables, onCompleted, onError: reject });
    });

  // The roster by pages, as usePaginationFragment loads it. @connection merges each page into the list.
  const roster = await load(RosterQuery, { first: 5 });
  const { pageInfo } = read(rosterFragment, roster).members;
  await load(RosterPageQuery, { first: 5, after: pageInfo.endCursor });
  const { edges } = read(rosterFragment, roster).members;
  assert.equal(edges.length, 10);
  showRoster(edges);

  // An object by its id. @refetchable on a type with an id generates a query of `node(id:)`.
  const [{ node }] = edges;
  await load(MemberQuery, { id: node.id });
  showMember(read(memberFragment, node));

  // The response to a ballot has its campaign, and the store updates everything that shows the campaign.
  const { campaign } = await load(CampaignQuery, { id: campaignId });
  let shown = read(progressFragment, campaign);
  assert.equal(shown.turnout.voted, 0);
  environment.subscribe(lookup(progressFragment, campaign), ({ data }) => (shown = data));
  await commit(CastBallotMutation, { input: ballot });
  assert.equal(shown.turnout.voted, 1);
  assert.equal(shown.viewerCanVote, false);
  showTurnout(shown.turnout);

  // The current tally, the next one, and the result, after which the subscription completes.
  const watch = (variables, onNext) =>
    new Promise((resolve, reject) => {
      const config = { subscription: TallySubscription, variables, onNext, onError: reject, onCompleted: resolve };
      relay.requestSubscription(environment, config);
    });
  let tallies = 0;
  await watch({ campaignId }, ({ voteTally }) => {
    tallies += 1;
    showTally(voteTally);
    moveOn();
  });
  assert.equal(tallies, 3);
  assert.equal(shown.turnout.voted, 2);
  assert.equal(shown.status, 'CLOSED');

  // Errors, over HTTP and over the WebSocket.
  const late = await commit(CastBallotMutation, { input: ballot }).catch((error) => error);
  const lost = await watch({ campaignId: 'nowhere' }).catch((error) => error);
  for (const error of [late, lost]) showError(error.source.errors[0]);

  // With an invalid access token, the session is renewed once for all refused requests.
  let renewals = 0;
  session.onRenewal(() => (renewals += 1));
  session.accessToken = 'expired';
  await Promise.all(edges.map(({ node }) => load(MemberQuery, { id: node.id })));
  assert.equal(renewals, 1);
  console.log(`  renewal: one for ${edges.length} requests`);

  await socket.dispose();
});
