// The generated documents are texts, which are small. urql and its cache take a syntax tree, parsed at the first use.
import { parse } from "@0no-co/graphql.web";
import { getOperationName, type TypedDocumentNode } from "@urql/core";
import type { DocumentNode } from "graphql";
import type { TypedDocumentString } from "../gql/graphql";

const nodes = new WeakMap<object, DocumentNode>();
/** The ids by operation name, because the cache makes documents of its own. */
const ids = new Map<string | undefined, string>();

/** The document as urql takes it. */
export function documentNode<Result, Variables>(document: TypedDocumentString<Result, Variables>) {
  let node = nodes.get(document);
  if (!node) {
    node = parse(document.toString(), { noLocation: true }) as DocumentNode;
    nodes.set(document, node);
    ids.set(getOperationName(node), documentId(document));
  }
  return node as TypedDocumentNode<Result, Variables & Record<string, unknown>>;
}

/** The id by which the server knows the document. */
export function documentId(document: TypedDocumentString<unknown, never>) {
  const id: unknown = document.__meta__?.hash;
  if (typeof id !== "string") throw new TypeError("The document has no id: run `npm run generate`.");
  return id;
}

/** The id of a document that `documentNode` returned, also after changes by the cache. */
export const documentIdOf = (node: DocumentNode) => ids.get(getOperationName(node)) ?? "";

/** How a request of the session or the socket names a document: built apps send the id, the dev server the text. */
export const documentRef = (document: TypedDocumentString<unknown, never>) =>
  import.meta.env.PROD ? { documentId: documentId(document) } : { query: document.toString() };
