// Documents with types, by graphql-codegen: what a document takes and what it brings is checked when the app is built.
// Any client that knows `TypedDocumentNode` takes them; this one is Apollo Client.

import type { ApolloClient } from '@apollo/client';
import { graphql } from './gql';

const SEARCH = graphql(`
  query Search($search: String!) {
    members(first: 10, filter: { search: $search }) {
      edges { node { id displayName rank { name } } }
    }
  }
`);
const VOTE = graphql(`
  mutation Vote($input: CastBallotInput!) {
    castBallot(input: $input) { ballot { id receipt } campaign { id turnout { eligible voted } } }
  }
`);

/** Who matches, and which rank they hold. */
export async function search(client: ApolloClient, search: string): Promise<Map<string, string>> {
  const { data } = await client.query({ query: SEARCH, variables: { search } });
  const edges = data?.members.edges ?? [];
  return new Map(edges.map(({ node }) => [node.displayName, node.rank.name]));
}

/** The receipt of the ballot. */
export async function vote(client: ApolloClient, campaignId: string, picks: string[]): Promise<string | undefined> {
  const { data } = await client.mutate({ mutation: VOTE, variables: { input: { campaignId, picks } } });
  return data?.castBallot.ballot.receipt;
}

/** What is wrong is not compiled. */
export async function wrong(client: ApolloClient): Promise<void> {
  // @ts-expect-error -- a search is for text
  await client.query({ query: SEARCH, variables: { search: 5 } });
  // @ts-expect-error -- a ballot is cast in a campaign
  await client.mutate({ mutation: VOTE, variables: { input: { picks: [] } } });
  // @ts-expect-error -- the document does not ask for the members' names in Discord
  (await client.query({ query: SEARCH, variables: { search: '' } })).data?.members.edges[0]?.node.discordUsername;
}
