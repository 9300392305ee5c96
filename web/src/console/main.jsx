// Entry point: GraphiQL with this server's endpoint, example operations, editor workers and a session.
import "./nonce.js";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import EditorWorker from "monaco-editor/esm/vs/editor/editor.worker.js?worker";
import JsonWorker from "monaco-editor/esm/vs/language/json/json.worker.js?worker";
import { createRoot } from "react-dom/client";
import { Account } from "./account.jsx";
import { Context } from "./context.js";
import { defaultHeaders, defaultTabs } from "./examples.js";
import { createFetcher } from "./fetcher.js";
import GraphqlWorker from "./graphql.worker.js?worker";
import { Notice, SchemaState } from "./notice.jsx";
import { EXAMPLES } from "./panel.jsx";
import { Runs } from "./runs.js";
import { ConsoleSession } from "./session.js";
import { Tabs } from "./tabs.jsx";
import "./style.css";

// Monaco asks for its workers by language.
const workers = { graphql: GraphqlWorker, json: JsonWorker };
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const EditorOrLanguageWorker = workers[label] ?? EditorWorker;
    return new EditorOrLanguageWorker({ name: label });
  },
};

const url = new URL("/graphql", window.location.href).href;
const session = new ConsoleSession(url);
const context = new Context(session);
const runs = new Runs();
const schema = new SchemaState();
// Outside the component, because GraphiQL fetches the schema again for each new fetcher.
const fetcher = createFetcher({
  url,
  session,
  runs,
  onMutation: (tab) => context.load(tab),
  onSchema: schema.accept,
});
const plugins = [EXAMPLES, HISTORY_PLUGIN];
void context.load();

createRoot(document.getElementById("console")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    visiblePlugin={showsExamples() ? EXAMPLES : undefined}
    defaultTabs={defaultTabs}
    defaultHeaders={defaultHeaders}
    defaultEditorToolsVisibility="variables"
    onTabChange={(tabs) => runs.follow(tabs)}
    // Headers may contain a token, which must not be stored on disk.
    shouldPersistHeaders={false}
  >
    <GraphiQL.Logo>
      <span className="wordmark">Guildhall</span>
      <Account session={session} context={context} />
    </GraphiQL.Logo>
    <GraphiQL.Footer>
      <Notice session={session} schema={schema} />
    </GraphiQL.Footer>
    <Tabs context={context} runs={runs} />
  </GraphiQL>,
);

/** Whether this is a first visit, on a screen with room for the panel. GraphiQL stores later choices. */
function showsExamples() {
  try {
    if (localStorage.getItem("graphiql:visiblePlugin") !== null) return false;
  } catch {
    // Storage is blocked.
  }
  return matchMedia("(min-width: 900px)").matches;
}
