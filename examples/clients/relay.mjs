// Relay with Guildhall, without React: what its hooks do with an environment is done here by hand.

import assert from 'node:assert/strict';
import relay from 'relay-runtime';
import { guild, password, run, server, showError, showMember, showRoster, showTally, showTurnout } from './demo.mjs';
import { Session, isTokenRefused } from './session.mjs';
import { openSocket } from './socket.mjs';
// relay-compiler's work, from the documents in relay/Guild.js.
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
  const ask = async (operation, variables) => {
    const answer = await post(operation, variables);
    if (!isTokenRefused(answer.errors)) return answer;
    // Once more after renewing the session.
    await session.renew();
    return post(operation, variables);
  };

  const open = ({ text }, variables) =>
    Observable.create((sink) =>
      socket.subscribe(
        { query: text, variables },
        {
          next: sink.next,
          complete: sink.complete,
          // Errors in the shape of those that Relay makes of an answer.
          error: (cause) => sink.error(Array.isArray(cause) ? refusal(cause) : cause),
        },
      ),
    );
  const subscribe = (operation, variables) =>
    open(operation, variables).catch((error) => {
      if (!isTokenRefused(error.source?.errors)) throw error;
      return Observable.from(session.renew()).mergeMap(() => open(operation, variables));
    });

  return new Environment({ network: Network.create(ask, subscribe), store: new Store(new RecordSource()) });
}

function refusal(errors) {
  return Object.assign(new Error(errors[0].message), { source: { errors } });
}

await run('relay', async ({ campaignId, ballot, moveOn }) => {
  const session = new Session(server, guild);
  await session.signIn('member', password);
  const socket = openSocket(session);
  const environment = connect(session, socket);

  // As useLazyLoadQuery, useFragment and useMutation do.
  const load = (query, variables) => {
    environment.retain(relay.createOperationDescriptor(query, variables));
    return relay.fetchQuery(environment, query, variables).toPromise();
  };
  const look = (fragment, reference) => environment.lookup(relay.getSingularSelector(fragment, reference));
  const read = (fragment, reference) => look(fragment, reference).data;
  const commit = (mutation, variables) =>
    new Promise((resolve, reject) => {
      const onCompleted = (data, errors) => (errors ? reject(refusal(errors)) : resolve(data));
      relay.commitMutation(environment, { mutation, variables, onCompleted, onError: reject });
    });

  // The roster, page by page, as usePaginationFragment does: @connection puts each where it belongs in the list.
  const roster = await load(RosterQuery, { first: 5 });
  const { pageInfo } = read(rosterFragment, roster).members;
  await load(RosterPageQuery, { first: 5, after: pageInfo.endCursor });
  const { edges } = read(rosterFragment, roster).members;
  assert.equal(edges.length, 10);
  showRoster(edges);

  // Anything by its id: @refetchable on a type with one makes a query of `node(id:)`.
  const [{ node }] = edges;
  await load(MemberQuery, { id: node.id });
  showMember(read(memberFragment, node));

  // The answer to a ballot brings its campaign along, and all that show the campaign's turnout follow.
  const { campaign } = await load(CampaignQuery, { id: campaignId });
  let shown = read(progressFragment, campaign);
  assert.equal(shown.turnout.voted, 0);
  environment.subscribe(look(progressFragment, campaign), ({ data }) => (shown = data));
  await commit(CastBallotMutation, { input: ballot });
  assert.equal(shown.turnout.voted, 1);
  assert.equal(shown.viewerCanVote, false);
  showTurnout(shown.turnout);

  // The present tally, the next one, and the result, with which the subscription completes.
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

  // An access token that is not good any more: one renewal, however many requests were refused for it.
  let renewals = 0;
  session.onRenewal(() => (renewals += 1));
  session.accessToken = 'worn';
  await Promise.all(edges.map(({ node }) => load(MemberQuery, { id: node.id })));
  assert.equal(renewals, 1);
  console.log(`  renewal: one for ${edges.length} requests`);

  await socket.dispose();
});
