// A stand-in for the API: it answers the app's documents with fixtures, by the server's schema. A fixture that the schema
// does not allow is an error of the test.
import { readFileSync } from "node:fs";
import {
  buildSchema,
  type DocumentNode,
  defaultFieldResolver,
  execute,
  GraphQLError,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isScalarType,
  parse,
} from "graphql";
import type { Page, Route, WebSocketRoute } from "playwright/test";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const schema = buildSchema(
  process.env.GUILDHALL_SCHEMA
    ? readFileSync(process.env.GUILDHALL_SCHEMA, "utf8")
    : read("../../../schema.graphql"),
);
const documents: Record<string, string> = JSON.parse(read("../../src/gql/persisted-documents.json"));

/** Values by field. What a fixture leaves out is null, empty, or a value of its type. */
export type Fixture = Record<string, unknown>;

export interface StandIn {
  /** The fields of queries, mutations and subscriptions: values, or functions of their arguments. */
  root: Fixture;
  /** `loading` never answers, `offline` breaks the connection, `failing` answers with an error of the server. */
  mode: "normal" | "loading" | "offline" | "failing";
  /** Operations, by name, whose responses do not arrive. */
  lost: string[];
  /** The operations that were sent, by name. */
  operations: string[];
  /** The server's build, which its responses name. */
  build: string;
  /** Sends the present value of a subscription's field to all that subscribe to it. */
  publish: (field: string) => Promise<void>;
}

/** The error that the API's code and reason make. */
export function refusal(code: string, message: string, extensions: Record<string, unknown> = {}) {
  return () => {
    throw new GraphQLError(message, { extensions: { code, ...extensions } });
  };
}

/** A response that waits until the test lets it through. */
export function held(response: (args: { input: Fixture }) => Fixture) {
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const answer = async (args: { input: Fixture }) => {
    await gate;
    return response(args);
  };
  return { answer, release: () => release() };
}

/** Answers all requests of a page. The result can change between them. Operations in `always` ignore the mode. */
export async function standIn(
  page: Page,
  root: Fixture,
  always: readonly string[] = ["Viewer", "RefreshSession"],
) {
  const subscriptions: Subscription[] = [];
  const publish = async (field: string) => {
    for (const { socket, id, request } of subscriptions) {
      if (subscriptionField(request) === field) await next(socket, id, request);
    }
  };
  const state: StandIn = { root, mode: "normal", lost: [], operations: [], build: "1", publish };
  const next = async (socket: WebSocketRoute, id: string, request: Request) => {
    const result = await run(request, state);
    // Without a fixture, nothing changes.
    if (result) socket.send(JSON.stringify({ type: "next", id, payload: result }));
  };
  await page.route("**/graphql", (route) => answer(route, state, always));
  await page.routeWebSocket("**/graphql", (socket) => {
    socket.onMessage(async (text) => {
      const { type, id, payload } = JSON.parse(String(text));
      if (type === "connection_init") socket.send('{"type":"connection_ack"}');
      if (type === "ping") socket.send('{"type":"pong"}');
      if (type !== "subscribe" || state.mode !== "normal") return;
      subscriptions.push({ socket, id, request: payload });
      await next(socket, id, payload);
    });
  });
  return state;
}

interface Subscription {
  socket: WebSocketRoute;
  id: string;
  request: Request;
}

interface Request {
  query?: string;
  documentId?: string;
  extensions?: { persistedQuery?: { sha256Hash: string } };
  operationName?: string;
  variables?: Record<string, unknown>;
}

async function answer(route: Route, state: StandIn, always: readonly string[]) {
  const request: Request = route.request().postDataJSON();
  const name = operationOf(documentOf(request))?.name?.value ?? "";
  state.operations.push(name);
  const mode = always.includes(name) ? "normal" : state.mode;
  if (mode === "loading") return;
  if (mode === "offline") return route.abort("connectionrefused");
  if (mode === "failing") {
    const message = "Something went wrong on our side. Tell an operator the request id bb3a044906843778.";
    const errors = [{ message, extensions: { code: "INTERNAL", requestId: "bb3a044906843778" } }];
    return route.fulfill({ status: 500, json: { data: null, errors } });
  }
  const result = await run(request, state);
  if (state.lost.includes(name)) return route.abort("connectionreset");
  await route.fulfill({ json: result, headers: { "x-guildhall-build": state.build } });
}

function documentOf({ query, documentId, extensions }: Request) {
  const id = documentId ?? extensions?.persistedQuery?.sha256Hash;
  const text = id ? documents[id] : query;
  if (!text)
    throw new Error(`The manifest has no document ${id}: run \`npm run generate\` and \`npm run build\`.`);
  return parse(text);
}

const operationOf = (document: DocumentNode) =>
  document.definitions.find((it) => it.kind === "OperationDefinition");

/** The field that a request subscribes to. */
function subscriptionField(request: Request) {
  const operation = operationOf(documentOf(request));
  const [field] = operation?.selectionSet.selections ?? [];
  return operation?.operation === "subscription" && field?.kind === "Field" ? field.name.value : undefined;
}

/** The response to a request. A subscription without a fixture has none. */
async function run(request: Request, { root }: StandIn) {
  const document = documentOf(request);
  const operation = operationOf(document);
  const subscribed = subscriptionField(request);
  if (subscribed && !(subscribed in root)) return undefined;
  const result = await execute({
    schema,
    document,
    rootValue: root,
    variableValues: request.variables,
    fieldResolver: (source, args, context, info) =>
      defaultFieldResolver(source, args, context, info) ?? defaultValue(info.returnType, info.fieldName),
    typeResolver: (value) => (value as { __typename?: string }).__typename,
  });
  const unexpected = result.errors?.find(({ extensions }) => !extensions?.code);
  if (unexpected) {
    const name = operation?.name?.value;
    throw new Error(`${name}: ${unexpected.message} at ${unexpected.path?.join(".")}`);
  }
  return result;
}

/** A value of the type, for a field that the fixture leaves out. */
function defaultValue(type: GraphQLOutputType, field: string): unknown {
  if (!isNonNullType(type)) return null;
  const inner = getNullableType(type);
  if (isListType(inner)) return [];
  const named = getNamedType(type);
  if (isEnumType(named)) return named.getValues()[0]?.value;
  if (isAbstractType(named)) throw new Error(`${field} needs a fixture: ${named.name} has several types`);
  if (!isScalarType(named)) return {};
  const values: Record<string, unknown> = {
    Int: 0,
    Float: 0,
    Boolean: false,
    DateTime: "2026-11-30T12:00:00Z",
    ID: `${field}-1`,
  };
  return values[named.name] ?? field;
}

const ALL_PERMISSIONS = [
  "RANKS_MANAGE",
  "MEMBERS_MANAGE",
  "MEMBERS_INVITE",
  "CAMPAIGNS_MANAGE",
  "DISCORD_MANAGE",
  "AUDIT_VIEW",
  "GUILD_MANAGE",
];

export const GUILD = { id: "guild-1", slug: "emberwatch", name: "Emberwatch", region: "EU" };

/** A member with the permissions of a leader, or with none. */
export function memberFixture(permissions: readonly string[] = []) {
  return {
    __typename: "Member",
    id: "member-1",
    displayName: "Mirelle",
    discordUsername: "mirelle",
    rank: { id: "rank-1", name: permissions.length > 0 ? "Guild Leader" : "Member", level: 5, permissions },
    createdAt: "2026-01-04T12:00:00Z",
  };
}

export const leaderFixture = () => memberFixture(ALL_PERMISSIONS);

/** A page of a list. */
export const listOf = (nodes: readonly Fixture[], totalCount = nodes.length) => ({
  nodes,
  totalCount,
  pageInfo: { hasNextPage: false },
});

/** Lets the app start signed in: its first request renews the session. */
export async function startSignedIn(page: Page) {
  await page.addInitScript(() => {
    const stored = { signIn: "1", refreshToken: "a token of the stand-in" };
    localStorage.setItem("guildhall.session", JSON.stringify(stored));
  });
}

/** Answers the requests of a page for a member, or for a visitor. */
export async function startAs(page: Page, me: Fixture | null, root: Fixture = {}) {
  if (me) await startSignedIn(page);
  return standIn(page, { me, guild: GUILD, refreshSession: tokens, ...root });
}

export const tokens = {
  accessToken: "an access token",
  accessTokenExpiresAt: "2099-01-01T00:00:00Z",
  refreshToken: "a refresh token",
  refreshTokenExpiresAt: "2099-01-01T00:00:00Z",
};
