/* eslint-disable */
import * as types from './graphql';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "subscription CampaignChanges {\n  campaignChanged {\n    id\n    status\n  }\n}": typeof types.CampaignChangesDocument,
    "fragment CharacterParts on Character {\n  id\n  name\n  realm\n  class\n  spec\n  role\n  isMain\n  armoryUrl\n}\n\nmutation CreateCharacter($input: CreateCharacterInput!) {\n  createCharacter(input: $input) {\n    character {\n      ...CharacterParts\n      member {\n        id\n        characters {\n          ...CharacterParts\n        }\n      }\n    }\n  }\n}\n\nmutation UpdateCharacter($input: UpdateCharacterInput!) {\n  updateCharacter(input: $input) {\n    character {\n      ...CharacterParts\n      member {\n        id\n        characters {\n          ...CharacterParts\n        }\n      }\n    }\n  }\n}\n\nmutation DeleteCharacter($id: ID!) {\n  deleteCharacter(id: $id) {\n    deletedId\n  }\n}": typeof types.CharacterPartsFragmentDoc,
    "mutation Login($input: LoginInput!) {\n  login(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation RefreshSession($input: RefreshSessionInput!) {\n  refreshSession(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation Logout {\n  logout {\n    success\n  }\n}": typeof types.LoginDocument,
    "query Viewer {\n  me {\n    id\n    displayName\n    discordUsername\n    rank {\n      id\n      name\n      level\n      permissions\n    }\n  }\n  guild {\n    id\n    slug\n    name\n    region\n  }\n}": typeof types.ViewerDocument,
    "query Home {\n  campaigns(\n    first: 20\n    filter: {status: [LIVE]}\n    orderBy: {field: CLOSES_AT, direction: ASC}\n  ) {\n    nodes {\n      id\n      title\n      closesAt\n      viewerCanVote\n      turnout {\n        eligible\n        voted\n        percent\n      }\n    }\n  }\n}": typeof types.HomeDocument,
    "mutation Register($input: RegisterInput!) {\n  register(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation ResetPassword($input: ResetPasswordInput!) {\n  resetPassword(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nquery ResetHelp {\n  ranks {\n    id\n    name\n    permissions\n  }\n}": typeof types.RegisterDocument,
};
const documents: Documents = {
    "subscription CampaignChanges {\n  campaignChanged {\n    id\n    status\n  }\n}": types.CampaignChangesDocument,
    "fragment CharacterParts on Character {\n  id\n  name\n  realm\n  class\n  spec\n  role\n  isMain\n  armoryUrl\n}\n\nmutation CreateCharacter($input: CreateCharacterInput!) {\n  createCharacter(input: $input) {\n    character {\n      ...CharacterParts\n      member {\n        id\n        characters {\n          ...CharacterParts\n        }\n      }\n    }\n  }\n}\n\nmutation UpdateCharacter($input: UpdateCharacterInput!) {\n  updateCharacter(input: $input) {\n    character {\n      ...CharacterParts\n      member {\n        id\n        characters {\n          ...CharacterParts\n        }\n      }\n    }\n  }\n}\n\nmutation DeleteCharacter($id: ID!) {\n  deleteCharacter(id: $id) {\n    deletedId\n  }\n}": types.CharacterPartsFragmentDoc,
    "mutation Login($input: LoginInput!) {\n  login(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation RefreshSession($input: RefreshSessionInput!) {\n  refreshSession(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation Logout {\n  logout {\n    success\n  }\n}": types.LoginDocument,
    "query Viewer {\n  me {\n    id\n    displayName\n    discordUsername\n    rank {\n      id\n      name\n      level\n      permissions\n    }\n  }\n  guild {\n    id\n    slug\n    name\n    region\n  }\n}": types.ViewerDocument,
    "query Home {\n  campaigns(\n    first: 20\n    filter: {status: [LIVE]}\n    orderBy: {field: CLOSES_AT, direction: ASC}\n  ) {\n    nodes {\n      id\n      title\n      closesAt\n      viewerCanVote\n      turnout {\n        eligible\n        voted\n        percent\n      }\n    }\n  }\n}": types.HomeDocument,
    "mutation Register($input: RegisterInput!) {\n  register(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation ResetPassword($input: ResetPasswordInput!) {\n  resetPassword(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nquery ResetHelp {\n  ranks {\n    id\n    name\n    permissions\n  }\n}": types.RegisterDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription CampaignChanges {\n  campaignChanged {\n    id\n    status\n  }\n}"): typeof import('./graphql').CampaignChangesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment CharacterParts on Character {\n  id\n  name\n  realm\n  class\n  spec\n  role\n  isMain\n  armoryUrl\n}\n\nmutation CreateCharacter($input: CreateCharacterInput!) {\n  createCharacter(input: $input) {\n    character {\n      ...CharacterParts\n      member {\n        id\n        characters {\n          ...CharacterParts\n        }\n      }\n    }\n  }\n}\n\nmutation UpdateCharacter($input: UpdateCharacterInput!) {\n  updateCharacter(input: $input) {\n    character {\n      ...CharacterParts\n      member {\n        id\n        characters {\n          ...CharacterParts\n        }\n      }\n    }\n  }\n}\n\nmutation DeleteCharacter($id: ID!) {\n  deleteCharacter(id: $id) {\n    deletedId\n  }\n}"): typeof import('./graphql').CharacterPartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation Login($input: LoginInput!) {\n  login(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation RefreshSession($input: RefreshSessionInput!) {\n  refreshSession(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation Logout {\n  logout {\n    success\n  }\n}"): typeof import('./graphql').LoginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Viewer {\n  me {\n    id\n    displayName\n    discordUsername\n    rank {\n      id\n      name\n      level\n      permissions\n    }\n  }\n  guild {\n    id\n    slug\n    name\n    region\n  }\n}"): typeof import('./graphql').ViewerDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Home {\n  campaigns(\n    first: 20\n    filter: {status: [LIVE]}\n    orderBy: {field: CLOSES_AT, direction: ASC}\n  ) {\n    nodes {\n      id\n      title\n      closesAt\n      viewerCanVote\n      turnout {\n        eligible\n        voted\n        percent\n      }\n    }\n  }\n}"): typeof import('./graphql').HomeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation Register($input: RegisterInput!) {\n  register(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation ResetPassword($input: ResetPasswordInput!) {\n  resetPassword(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nquery ResetHelp {\n  ranks {\n    id\n    name\n    permissions\n  }\n}"): typeof import('./graphql').RegisterDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
