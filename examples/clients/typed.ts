// Typed documents by graphql-codegen: the compiler checks their variables and results. Any client that supports
// `TypedDocumentNode` accepts them, such as Apollo Client here.

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

/** The matching members and their ranks. */
export async function search(client: ApolloClient, search: string): Promise<Map<string, string>> {
  const { data } = await client.query({ query: SEARCH, variables: { search } });
  const edges = data?.members.edges ?? [];
  return new Map(edges.map(({ node }) => [node.displayName, node.rank.name]));
}

/** Casts a ballot and returns its receipt. */
export async function vote(client: ApolloClient, campaignId: string, picks: string[]): Promise<string | undefined> {
  const { data } = await client.mutate({ mutation: VOTE, variables: { input: { campaignId, picks } } });
  return data?.castBallot?.ballot.receipt;
}

/** The compiler rejects these errors. */
export async function typeErrors(client: ApolloClient): Promise<void> {
  // @ts-expect-error -- `search` must be a string
  await client.query({ query: SEARCH, variables: { search: 5 } });
  // @ts-expect-error -- `campaignId` is missing
  await client.mutate({ mutation: VOTE, variables: { input: { picks: [] } } });
  // @ts-expect-error -- the document does not select `discordUsername`
  (await client.query({ query: SEARCH, variables: { search: '' } })).data?.members.edges[0]?.node.discordUsername;
}
