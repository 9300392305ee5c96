// GraphiQL's fetcher: HTTP POST for queries and mutations, graphql-transport-ws for subscriptions.
import { Kind, parse } from "graphql";
import { post } from "./post.js";

/**
 * `onMutation` is called with the id of the tab after each mutation that the server has executed, `onSchema` with the
 * response to the introspection.
 */
export function createFetcher({ url, session, runs, onMutation, onSchema }) {
  return async (params, { headers = {} } = {}) => {
    // In lower case, so that no header is sent twice.
    const explicit = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    if (params.operationName === "IntrospectionQuery") {
      // The schema is the same for everyone. Without the session, it loads also when the session has ended.
      const { body } = await post(url, params, explicit);
      onSchema(body);
      return body;
    }
    const { kind, ...request } = selectOperation(params);
    if (kind === "subscription")
      return runs.observe((observer) => session.subscribe(request, explicit, observer));
    return runs.observe((run) => {
      execute(run);
      return () => {};
    });

    async function execute(run) {
      try {
        const { body } = await session.request(request, explicit);
        run.next(body);
        run.complete();
        if (kind === "mutation" && body.data) onMutation(run.tab);
      } catch (error) {
        run.error(error);
      }
    }
  };
}

// Just after a change of tabs, GraphiQL sends the operation name of the previous tab. A document with one operation needs no
// name, so a wrong one is dropped.
function selectOperation({ operationName, ...params }) {
  let operations = [];
  try {
    operations = parse(params.query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  } catch {
    // A syntax error, which the server's response explains.
  }
  const named = operations.find(({ name }) => name?.value === operationName);
  const [only] = operations.length === 1 ? operations : [];
  return { ...params, ...((named || !only) && { operationName }), kind: (named ?? only)?.operation };
}
