/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** The status of a campaign. */
export type CampaignStatus =
  /** Closed, and omitted from `campaigns` by default. */
  | 'ARCHIVED'
  /** Closed, with a final result. */
  | 'CLOSED'
  /** In preparation, and visible only with `CAMPAIGNS_MANAGE`. */
  | 'DRAFT'
  /** Accepts ballots until `closesAt`. */
  | 'LIVE';

/** A character class of World of Warcraft. */
export type CharacterClass =
  /** Death Knight. */
  | 'DEATH_KNIGHT'
  /** Demon Hunter. */
  | 'DEMON_HUNTER'
  /** Druid. */
  | 'DRUID'
  /** Evoker. */
  | 'EVOKER'
  /** Hunter. */
  | 'HUNTER'
  /** Mage. */
  | 'MAGE'
  /** Monk. */
  | 'MONK'
  /** Paladin. */
  | 'PALADIN'
  /** Priest. */
  | 'PRIEST'
  /** Rogue. */
  | 'ROGUE'
  /** Shaman. */
  | 'SHAMAN'
  /** Warlock. */
  | 'WARLOCK'
  /** Warrior. */
  | 'WARRIOR';

/** The role of a character in a group. */
export type CharacterRole =
  /** Heals the group. */
  | 'HEALER'
  /** Deals damage at close range. */
  | 'MELEE_DPS'
  /** Deals damage at long range. */
  | 'RANGED_DPS'
  /** Takes the damage of enemies. */
  | 'TANK';

/** A character to create. */
export type CreateCharacterInput = {
  /** Class of the character. */
  class: CharacterClass;
  /** Whether this becomes the member's main character. A member's first character always does. */
  isMain?: boolean | null | undefined;
  /** Id of the member who owns the character. Without it, the viewer. */
  memberId?: string | number | null | undefined;
  /** Name, at most 50 characters. Name and realm together are unique in the guild, ignoring case, width and spaces. */
  name: string;
  /** Realm, at most 50 characters. */
  realm: string;
  /** Role in a group. */
  role: CharacterRole;
  /** Specialisation of the class, by its name in the game. Case, spaces and punctuation do not matter. */
  spec?: string | null | undefined;
};

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

/** The invite code and the credentials of a new account. */
export type RegisterInput = {
  /** Discord username of the member to whom the code was issued. */
  discordUsername: string;
  /** Invite code of the member. Case does not matter. */
  inviteCode: string;
  /** Password of the new account: 10 to 256 characters. */
  password: string;
};

/** A reset code and the new password. */
export type ResetPasswordInput = {
  /** Discord username of the member to whom the code was issued. */
  discordUsername: string;
  /** The new password: 10 to 256 characters. */
  newPassword: string;
  /** Reset code of the member. Case does not matter. */
  resetCode: string;
};

/** Changes to a character. An omitted field keeps its value; `null` clears an optional one. */
export type UpdateCharacterInput = {
  /** Class of the character. */
  class?: CharacterClass | null | undefined;
  /** Id of the character. */
  id: string | number;
  /** Whether this is the member's main character. `true` replaces the current main. */
  isMain?: boolean | null | undefined;
  /** Name, at most 50 characters. Name and realm together are unique in the guild, ignoring case, width and spaces. */
  name?: string | null | undefined;
  /** Realm, at most 50 characters. */
  realm?: string | null | undefined;
  /** Role in a group. */
  role?: CharacterRole | null | undefined;
  /** Specialisation of the class, by its name in the game. Case, spaces and punctuation do not matter. */
  spec?: string | null | undefined;
};

export type CampaignChangesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type CampaignChangesSubscription = { campaignChanged: { __typename: 'Campaign', id: string, status: CampaignStatus } };

export type CharacterPartsFragment = { __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string };

export type CreateCharacterMutationVariables = Exact<{
  input: CreateCharacterInput;
}>;


export type CreateCharacterMutation = { __typename: 'Mutation', createCharacter: { __typename: 'CharacterPayload', character: { __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string, member: { __typename: 'Member', id: string, characters: Array<{ __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string }> } } } | null };

export type UpdateCharacterMutationVariables = Exact<{
  input: UpdateCharacterInput;
}>;


export type UpdateCharacterMutation = { __typename: 'Mutation', updateCharacter: { __typename: 'CharacterPayload', character: { __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string, member: { __typename: 'Member', id: string, characters: Array<{ __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string }> } } } | null };

export type DeleteCharacterMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteCharacterMutation = { __typename: 'Mutation', deleteCharacter: { __typename: 'DeletePayload', deletedId: string } | null };

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

export type RegisterMutationVariables = Exact<{
  input: RegisterInput;
}>;


export type RegisterMutation = { __typename: 'Mutation', register: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type ResetPasswordMutationVariables = Exact<{
  input: ResetPasswordInput;
}>;


export type ResetPasswordMutation = { __typename: 'Mutation', resetPassword: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type ResetHelpQueryVariables = Exact<{ [key: string]: never; }>;


export type ResetHelpQuery = { __typename: 'Query', ranks: Array<{ __typename: 'Rank', id: string, name: string, permissions: Array<Permission> }> };

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
export const CharacterPartsFragmentDoc = new TypedDocumentString(`
    fragment CharacterParts on Character {
  __typename
  id
  name
  realm
  class
  spec
  role
  isMain
  armoryUrl
}
    `, {"fragmentName":"CharacterParts"}) as unknown as TypedDocumentString<CharacterPartsFragment, unknown>;
export const CampaignChangesDocument = new TypedDocumentString(`
    subscription CampaignChanges {
  campaignChanged {
    __typename
    id
    status
  }
}
    `, {"hash":"sha256:c562a3f6ac2e5737f06f3c744e603cbd33bd9692cb59133d70431d9144e22d96"}) as unknown as TypedDocumentString<CampaignChangesSubscription, CampaignChangesSubscriptionVariables>;
export const CreateCharacterDocument = new TypedDocumentString(`
    mutation CreateCharacter($input: CreateCharacterInput!) {
  __typename
  createCharacter(input: $input) {
    __typename
    character {
      __typename
      ...CharacterParts
      member {
        __typename
        id
        characters {
          __typename
          ...CharacterParts
        }
      }
    }
  }
}
    fragment CharacterParts on Character {
  __typename
  id
  name
  realm
  class
  spec
  role
  isMain
  armoryUrl
}`, {"hash":"sha256:3f0ca77f0950363c56363210e6849200f58800b42b097dd4c03184edd2ad89b1"}) as unknown as TypedDocumentString<CreateCharacterMutation, CreateCharacterMutationVariables>;
export const UpdateCharacterDocument = new TypedDocumentString(`
    mutation UpdateCharacter($input: UpdateCharacterInput!) {
  __typename
  updateCharacter(input: $input) {
    __typename
    character {
      __typename
      ...CharacterParts
      member {
        __typename
        id
        characters {
          __typename
          ...CharacterParts
        }
      }
    }
  }
}
    fragment CharacterParts on Character {
  __typename
  id
  name
  realm
  class
  spec
  role
  isMain
  armoryUrl
}`, {"hash":"sha256:5076e26b88bc3a8f13bf79020abb27725c99a132b7ca3191b771406cb428aa55"}) as unknown as TypedDocumentString<UpdateCharacterMutation, UpdateCharacterMutationVariables>;
export const DeleteCharacterDocument = new TypedDocumentString(`
    mutation DeleteCharacter($id: ID!) {
  __typename
  deleteCharacter(id: $id) {
    __typename
    deletedId
  }
}
    `, {"hash":"sha256:9e526832884cab195ee366f05e06e4036b6f4a102c17c67148affd3c6dd60c8d"}) as unknown as TypedDocumentString<DeleteCharacterMutation, DeleteCharacterMutationVariables>;
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
export const RegisterDocument = new TypedDocumentString(`
    mutation Register($input: RegisterInput!) {
  __typename
  register(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:231e3e06c0b385196aa74a006a94ed7ceaeea8d095a086083a7b540309382892"}) as unknown as TypedDocumentString<RegisterMutation, RegisterMutationVariables>;
export const ResetPasswordDocument = new TypedDocumentString(`
    mutation ResetPassword($input: ResetPasswordInput!) {
  __typename
  resetPassword(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:23091d527085a5e55b0d885cf3b8fb0c41b803ae6a4887d412c75a1e5077302a"}) as unknown as TypedDocumentString<ResetPasswordMutation, ResetPasswordMutationVariables>;
export const ResetHelpDocument = new TypedDocumentString(`
    query ResetHelp {
  __typename
  ranks {
    __typename
    id
    name
    permissions
  }
}
    `, {"hash":"sha256:357ad82ff93ac3338624a3e7f009f841aa2089a61166eefca2b375e6f2dfea5e"}) as unknown as TypedDocumentString<ResetHelpQuery, ResetHelpQueryVariables>;