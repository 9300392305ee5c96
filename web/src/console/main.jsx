// Entry point: GraphiQL with this server's endpoint, example operations, editor workers and a session.
import "./nonce.js";
import { GraphiQL } from "graphiql";
import EditorWorker from "monaco-editor/esm/vs/editor/editor.worker.js?worker";
import JsonWorker from "monaco-editor/esm/vs/language/json/json.worker.js?worker";
import GraphqlWorker from "monaco-graphql/esm/graphql.worker.js?worker";
import { createRoot } from "react-dom/client";
import { Account } from "./account.jsx";
import { defaultHeaders, defaultTabs } from "./examples.js";
import { createFetcher } from "./fetcher.js";
import { Session } from "./session.js";
import "./style.css";

// Monaco asks for its workers by language.
const workers = { graphql: GraphqlWorker, json: JsonWorker };
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const EditorOrLanguageWorker = workers[label] ?? EditorWorker;
    return new EditorOrLanguageWorker({ name: label });
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
