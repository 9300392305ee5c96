// Entry point: GraphiQL with this server's endpoint, example operations and editor workers.
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import { defaultHeaders, defaultTabs } from "./examples.js";
import { createFetcher } from "./fetcher.js";
import "./style.css";

// Monaco asks for its workers by language; build.mjs gives each a fixed file name.
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const name = label === "json" || label === "graphql" ? label : "editor";
    return new Worker(`/graphiql/${name}.worker.js`, { name: label });
  },
};

// Outside the component: a new fetcher on every render would make GraphiQL fetch the schema again each time.
const fetcher = createFetcher(new URL("/graphql", window.location.href));

createRoot(document.getElementById("console")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={defaultTabs}
    defaultHeaders={defaultHeaders}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders
  >
    <GraphiQL.Logo>Guildhall console</GraphiQL.Logo>
  </GraphiQL>,
);
