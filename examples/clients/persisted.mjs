// Automatic persisted queries, by Apollo Client and by urql: a query is sent as its hash, and in full only when the
// server has not seen it before.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { guild, run, server } from './demo.mjs';
import { Session } from './session.mjs';

// For Apollo Client; in a browser, by `crypto.subtle`. urql needs none.
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
    // After the cache and authExchange of an app.
    exchanges: [persistedExchange(), fetchExchange],
  });
  return async (query) => {
    const { data, error } = await client.query(query, {});
    if (error) throw error;
    return data;
  };
}

/** Notes what is sent: how, whether in full, and whether the server knew the hash. */
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
  const session = new Session(server, guild);
  for (const [name, connect, method] of [['apollo', apollo, 'POST'], ['urql', urql, 'GET']]) {
    // Nobody has sent it before.
    const query = gql(`query Guild_${randomUUID().replaceAll('-', '')} { guild { id name } }`);
    const ask = async () => {
      const { sent, record } = recorder();
      // A client of its own, with nothing in its cache.
      const { guild } = await connect(session, record)(query);
      assert.ok(guild.name);
      for (const request of sent) console.log(`  ${name}: ${request}`);
      return sent;
    };
    assert.deepEqual(await ask(), [
      `${method}, hash alone, PERSISTED_QUERY_NOT_FOUND`,
      `${method}, in full, answered`,
    ]);
    assert.deepEqual(await ask(), [`${method}, hash alone, answered`]);
  }
});
