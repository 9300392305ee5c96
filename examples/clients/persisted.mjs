// Automatic persisted queries with Apollo Client and urql. A client sends the hash of a query, and its text only if the
// server does not know the hash.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { Session } from '../../web/src/client/session.js';
import { guild, run, server } from './demo.mjs';

// For Apollo Client; in a browser, use `crypto.subtle`. urql has its own.
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

function apollo(session, fetch) {
  const persisted = new PersistedQueryLink({ sha256 });
  const transport = new HttpLink({ uri: session.url, headers: session.headers, fetch });
  const client = new ApolloClient({ link: ApolloLink.from([persisted, transport]), cache: new InMemoryCache() });
  return async (query) => (await client.query({ query })).data;
}

function urql(session, fetch) {
  const client = new Client({
    url: session.url,
    fetchOptions: () => ({ headers: session.headers }),
    fetch,
    // In an app, these follow the cache and authExchange.
    exchanges: [persistedExchange(), fetchExchange],
  });
  return async (query) => {
    const { data, error } = await client.query(query, {});
    if (error) throw error;
    return data;
  };
}

/** A `fetch` that records the method of each request, whether it has the text, and the outcome. */
function recorder() {
  const sent = [];
  const record = async (url, init) => {
    const response = await fetch(url, init);
    const request = init.body ? JSON.parse(init.body) : Object.fromEntries(new URL(url).searchParams);
    const { errors } = await response.clone().json();
    const outcome = errors?.[0].extensions.reason ?? 'answered';
    sent.push(`${init.method}, ${request.query ? 'in full' : 'hash alone'}, ${outcome}`);
    return response;
  };
  return { sent, record };
}

await run('persisted', async () => {
  const session = new Session(server, { guild });
  for (const [name, connect, method] of [['apollo', apollo, 'POST'], ['urql', urql, 'GET']]) {
    // A new query, which the server cannot know.
    const query = gql(`query Guild_${randomUUID().replaceAll('-', '')} { guild { id name } }`);
    const execute = async () => {
      const { sent, record } = recorder();
      // A new client with an empty cache.
      const { guild } = await connect(session, record)(query);
      assert.ok(guild.name);
      for (const request of sent) console.log(`  ${name}: ${request}`);
      return sent;
    };
    assert.deepEqual(await execute(), [
      `${method}, hash alone, PERSISTED_QUERY_NOT_FOUND`,
      `${method}, in full, answered`,
    ]);
    assert.deepEqual(await execute(), [`${method}, hash alone, answered`]);
  }
});
