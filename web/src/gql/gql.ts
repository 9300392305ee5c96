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
    "mutation Login($input: LoginInput!) {\n  login(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation RefreshSession($input: RefreshSessionInput!) {\n  refreshSession(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation Logout {\n  logout {\n    success\n  }\n}": typeof types.LoginDocument,
    "query Viewer {\n  me {\n    id\n    displayName\n    discordUsername\n    rank {\n      id\n      name\n      level\n      permissions\n    }\n  }\n  guild {\n    id\n    slug\n    name\n    region\n  }\n}": typeof types.ViewerDocument,
    "query Home {\n  campaigns(\n    first: 20\n    filter: {status: [LIVE]}\n    orderBy: {field: CLOSES_AT, direction: ASC}\n  ) {\n    nodes {\n      id\n      title\n      closesAt\n      viewerCanVote\n      turnout {\n        eligible\n        voted\n        percent\n      }\n    }\n  }\n}": typeof types.HomeDocument,
};
const documents: Documents = {
    "mutation Login($input: LoginInput!) {\n  login(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation RefreshSession($input: RefreshSessionInput!) {\n  refreshSession(input: $input) {\n    accessToken\n    accessTokenExpiresAt\n    refreshToken\n  }\n}\n\nmutation Logout {\n  logout {\n    success\n  }\n}": types.LoginDocument,
    "query Viewer {\n  me {\n    id\n    displayName\n    discordUsername\n    rank {\n      id\n      name\n      level\n      permissions\n    }\n  }\n  guild {\n    id\n    slug\n    name\n    region\n  }\n}": types.ViewerDocument,
    "query Home {\n  campaigns(\n    first: 20\n    filter: {status: [LIVE]}\n    orderBy: {field: CLOSES_AT, direction: ASC}\n  ) {\n    nodes {\n      id\n      title\n      closesAt\n      viewerCanVote\n      turnout {\n        eligible\n        voted\n        percent\n      }\n    }\n  }\n}": types.HomeDocument,
};

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


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
