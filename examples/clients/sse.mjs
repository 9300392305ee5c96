// Subscriptions as server-sent events, for where no WebSocket gets through: by the package graphql-sse, and by urql,
// which has them built in.

import assert from 'node:assert/strict';
import { Client, fetchExchange, gql } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { createClient } from 'graphql-sse';
import { guild, password, run, server, showError, showTally } from './demo.mjs';
import { Session, isTokenRefused } from './session.mjs';

const TALLY = /* GraphQL */ `
  subscription Tally($campaignId: ID!) {
    voteTally(campaignId: $campaignId) {
      revision isFinal turnout { eligible voted } standings { place points entry { id name } }
    }
  }
`;

/** A connection for each subscription, which is graphql-sse's default. */
function connect(session) {
  return createClient({
    url: session.url,
    headers: () => session.headers,
    // A stream that is not even begun, because the access token is not good any more.
    fetchFn: async (url, init) => {
      const response = await fetch(url, init);
      if (response.status !== 401) return response;
      await session.renew();
      return fetch(url, { ...init, headers: { ...init.headers, ...session.headers } });
    },
  });
}

/** What a subscription brings. Begins anew when the access token expires meanwhile. */
async function* watch(client, session, request) {
  for (;;) {
    let expired = false;
    for await (const result of client.iterate(request)) {
      expired = isTokenRefused(result.errors);
      if (!expired) yield result;
    }
    if (!expired) return;
    await session.renew();
  }
}

/** urql's own. Other exchanges are as in urql.mjs; this takes the place of subscriptionExchange. */
function urql(session) {
  const authorization = authExchange(async ({ appendHeaders }) => ({
    addAuthToOperation: (operation) => appendHeaders(operation, session.headers),
    didAuthError: ({ graphQLErrors }) => isTokenRefused(graphQLErrors),
    refreshAuth: () => session.renew(),
  }));
  return new Client({ url: session.url, fetchSubscriptions: true, exchanges: [authorization, fetchExchange] });
}

await run('sse', async ({ campaignId, moveOn }) => {
  const session = new Session(server, guild);
  await session.signIn('member', password);

  // The present tally and the next one, with a token that has to be renewed first.
  session.accessToken = 'worn';
  const client = connect(session);
  let tallies = 0;
  for await (const { data, errors } of watch(client, session, { query: TALLY, variables: { campaignId } })) {
    assert.equal(errors, undefined);
    tallies += 1;
    showTally(data.voteTally);
    if (tallies === 2) break;
    moveOn();
  }

  // An error is the stream's one and last result.
  for await (const { errors } of watch(client, session, { query: TALLY, variables: { campaignId: 'nowhere' } })) {
    showError(errors[0]);
    assert.equal(errors[0].extensions.code, 'NOT_FOUND');
  }
  client.dispose();

  // The present tally and the result, with which the stream completes.
  let results = 0;
  await new Promise((resolve, reject) => {
    urql(session).subscription(gql(TALLY), { campaignId }).subscribe(({ data, error, hasNext }) => {
      if (error) return reject(error);
      if (!hasNext) return resolve();
      results += 1;
      showTally(data.voteTally);
      moveOn();
    });
  });
  assert.equal(results, 2);
});
