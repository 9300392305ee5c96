// Entry point: GraphiQL with this server's endpoint, example operations, editor workers and a session.
import "./nonce.js";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import { Account } from "./account.jsx";
import { defaultHeaders, defaultTabs } from "./examples.js";
import { createFetcher } from "./fetcher.js";
import { Session } from "./session.js";
import "./style.css";

// Monaco asks for its workers by language; build.mjs gives each a fixed file name.
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const name = label === "json" || label === "graphql" ? label : "editor";
    return new Worker(`/graphiql/${name}.worker.js`, { name: label });
  },
};

const url = new URL("/graphql", window.location.href);
const session = new Session(url.href);
// Outside the component, because GraphiQL fetches the schema again for each new fetcher.
const fetcher = createFetcher(url, session);

createRoot(document.getElementById("console")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={defaultTabs}
    defaultHeaders={defaultHeaders}
    defaultEditorToolsVisibility="variables"
    // Headers may contain a token, which must not be stored on disk.
    shouldPersistHeaders={false}
  >
    <GraphiQL.Logo>
      <span className="wordmark">Guildhall</span>
      <Account session={session} />
    </GraphiQL.Logo>
  </GraphiQL>,
);
