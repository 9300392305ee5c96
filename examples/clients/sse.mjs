// Subscriptions as server-sent events, for networks that block WebSockets: with the package graphql-sse, and with urql,
// which supports them itself.

import assert from 'node:assert/strict';
import { Client, fetchExchange, gql } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { createClient } from 'graphql-sse';
import { Session, isTokenRefused } from '../../web/src/client/session.js';
import { guild, password, run, server, showError, showTally } from './demo.mjs';

const TALLY = /* GraphQL */ `
  subscription Tally($campaignId: ID!) {
    voteTally(campaignId: $campaignId) {
      revision isFinal turnout { eligible voted } standings { place points entry { id name } }
    }
  }
`;

/** graphql-sse in its default mode: one connection for each subscription. */
function connect(session) {
  return createClient({
    url: session.url,
    headers: () => session.headers,
    // The server refuses a stream with an invalid access token.
    fetchFn: async (url, init) => {
      const response = await fetch(url, init);
      if (response.status !== 401) return response;
      await session.renew();
      return fetch(url, { ...init, headers: { ...init.headers, ...session.headers } });
    },
  });
}

/** The results of a subscription. Subscribes again when the access token expires. */
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

/** urql with `fetchSubscriptions` in place of subscriptionExchange. Other exchanges are as in urql.mjs. */
function urql(session) {
  const authorization = authExchange(async ({ appendHeaders }) => ({
    addAuthToOperation: (operation) => appendHeaders(operation, session.headers),
    didAuthError: ({ graphQLErrors }) => isTokenRefused(graphQLErrors),
    refreshAuth: () => session.renew(),
  }));
  return new Client({ url: session.url, fetchSubscriptions: true, exchanges: [authorization, fetchExchange] });
}

await run('sse', async ({ campaignId, moveOn }) => {
  const session = new Session(server, { guild });
  await session.signIn('member', password);

  // The current tally and the next one, with a token that must be renewed first.
  session.accessToken = 'expired';
  const client = connect(session);
  let tallies = 0;
  for await (const { data, errors } of watch(client, session, { query: TALLY, variables: { campaignId } })) {
    assert.equal(errors, undefined);
    tallies += 1;
    showTally(data.voteTally);
    if (tallies === 2) break;
    moveOn();
  }

  // An error is the only result of its stream.
  for await (const { errors } of watch(client, session, { query: TALLY, variables: { campaignId: 'nowhere' } })) {
    showError(errors[0]);
    assert.equal(errors[0].extensions.code, 'NOT_FOUND');
  }
  client.dispose();

  // The current tally and the result, after which the stream completes.
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
