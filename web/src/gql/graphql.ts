/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** The credentials of a member. */
export type LoginInput = {
  /** Discord username of the member. */
  discordUsername: string;
  /** Password of the member's account. */
  password: string;
};

/** A permission that a rank can grant to its members. */
export type Permission =
  /** Read the audit log. */
  | 'AUDIT_VIEW'
  /** See drafts, and create, change, start, close and archive campaigns. */
  | 'CAMPAIGNS_MANAGE'
  /** Link the guild to Discord, and sync ranks with Discord roles. */
  | 'DISCORD_MANAGE'
  /** Change the guild's name and region. */
  | 'GUILD_MANAGE'
  /** Issue invite codes to members below the member's own rank. */
  | 'MEMBERS_INVITE'
  /**
   * Create, change and deactivate members below the member's own rank, issue reset codes to them, and change
   * their characters.
   */
  | 'MEMBERS_MANAGE'
  /** Create, change and delete ranks below the member's own. */
  | 'RANKS_MANAGE';

/** The refresh token to exchange. */
export type RefreshSessionInput = {
  /** A refresh token of the session that was not exchanged yet, or at most 30 seconds ago. */
  refreshToken: string;
};

/** The World of Warcraft region of a guild. */
export type Region =
  /** Europe. */
  | 'EU'
  /** Korea. */
  | 'KR'
  /** Taiwan. */
  | 'TW'
  /** The Americas and Oceania. */
  | 'US';

export type LoginMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LoginMutation = { __typename: 'Mutation', login: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type RefreshSessionMutationVariables = Exact<{
  input: RefreshSessionInput;
}>;


export type RefreshSessionMutation = { __typename: 'Mutation', refreshSession: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type LogoutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogoutMutation = { __typename: 'Mutation', logout: { __typename: 'SuccessPayload', success: boolean } | null };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { __typename: 'Query', me: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, rank: { __typename: 'Rank', id: string, name: string, level: number, permissions: Array<Permission> } } | null, guild: { __typename: 'Guild', id: string, slug: string, name: string, region: Region } };

export type HomeQueryVariables = Exact<{ [key: string]: never; }>;


export type HomeQuery = { __typename: 'Query', campaigns: { __typename: 'CampaignConnection', nodes: Array<{ __typename: 'Campaign', id: string, title: string, closesAt: string | null, viewerCanVote: boolean, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number } }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const LoginDocument = new TypedDocumentString(`
    mutation Login($input: LoginInput!) {
  __typename
  login(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:78b510a7993d6cc8f8be1bd6f846c87681b43a9441daeee602634a54e70999ff"}) as unknown as TypedDocumentString<LoginMutation, LoginMutationVariables>;
export const RefreshSessionDocument = new TypedDocumentString(`
    mutation RefreshSession($input: RefreshSessionInput!) {
  __typename
  refreshSession(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:ccbb443bdfe982c6cd2a096043f89b1243239095c8cb874489c88d490c0cb3d0"}) as unknown as TypedDocumentString<RefreshSessionMutation, RefreshSessionMutationVariables>;
export const LogoutDocument = new TypedDocumentString(`
    mutation Logout {
  __typename
  logout {
    __typename
    success
  }
}
    `, {"hash":"sha256:38fc496ac3a86024dba1a4a0ac73c13dc000212dc54a89b1faea293cfe2a7316"}) as unknown as TypedDocumentString<LogoutMutation, LogoutMutationVariables>;
export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  __typename
  me {
    __typename
    id
    displayName
    discordUsername
    rank {
      __typename
      id
      name
      level
      permissions
    }
  }
  guild {
    __typename
    id
    slug
    name
    region
  }
}
    `, {"hash":"sha256:aaf2fb194f64569fa096d7a5654ae8cdc784c82125f342339cdb762befe2cdcf"}) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const HomeDocument = new TypedDocumentString(`
    query Home {
  __typename
  campaigns(
    first: 20
    filter: {status: [LIVE]}
    orderBy: {field: CLOSES_AT, direction: ASC}
  ) {
    __typename
    nodes {
      __typename
      id
      title
      closesAt
      viewerCanVote
      turnout {
        __typename
        eligible
        voted
        percent
      }
    }
  }
}
    `, {"hash":"sha256:fcd25206194c45376b9330074794c9feb922a0348e0dac07bc95878f36526d6c"}) as unknown as TypedDocumentString<HomeQuery, HomeQueryVariables>;