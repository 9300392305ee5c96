// What the console does in GraphiQL's tabs: it fills in ids, and shows what went on while another tab was selected.
import { pick, useGraphiQL, useGraphiQLActions, useMonaco } from "@graphiql/react";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { examples } from "./examples.js";

/** The key in GraphiQL's storage of the variables that were filled in, by tab. */
const FILLED_KEY = "filled";

export function Tabs({ context, runs }) {
  const tabs = useGraphiQL(
    pick("tabs", "activeTabIndex", "queryEditor", "variableEditor", "responseEditor", "storage"),
  );
  const { run, stop, updateActiveTabValues } = useGraphiQLActions();
  const { monaco } = useMonaco();
  const data = useSyncExternalStore(context.watch, () => context.data);
  const tab = tabs.tabs[tabs.activeTabIndex]?.id;
  const isReady = Boolean(tabs.queryEditor && tabs.variableEditor && tabs.responseEditor);

  useEffect(() => {
    runs.follow(tabs);
    document
      .getElementById(`graphiql-session-tab-${tabs.activeTabIndex}`)
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (!isReady) return;
    // The variables of the previous tab are of another type. The worker sends the new one.
    const { jsonDefaults } = monaco.languages.json;
    jsonDefaults.setDiagnosticsOptions({ ...jsonDefaults.diagnosticsOptions, schemas: [] });
    // Of a new tab, GraphiQL would show what the previous one runs.
    stop();
    runs.resume(run);
  }, [tab, isReady]);

  const filledTab = useRef(undefined);

  useEffect(() => {
    if (!isReady || !data) return;
    // A tab that has just sent a mutation shows what it has sent until it is selected again.
    if (tab === filledTab.current && tab === context.sender) return;
    filledTab.current = tab;
    const text = fill(tabs, tab, data);
    if (text === undefined) return;
    tabs.variableEditor.setValue(text);
    updateActiveTabValues({ variables: text });
  }, [tab, isReady, data]);

  return null;
}

/** The new variables of the tab; `undefined` if they stay, because the user edited the tab or it shows no example. */
function fill({ tabs, queryEditor, variableEditor, storage }, tab, data) {
  const example = examples.find(({ document }) => document === queryEditor.getValue());
  if (!example?.variables) return undefined;
  const shown = variableEditor.getValue();
  const filled = parse(storage.get(FILLED_KEY));
  if (shown !== example.variables(undefined) && shown !== filled[tab]) return undefined;
  const text = example.variables(data);
  const open = tabs.filter(({ id }) => id in filled).map(({ id }) => [id, filled[id]]);
  storage.set(FILLED_KEY, JSON.stringify({ ...Object.fromEntries(open), [tab]: text }));
  return text === shown ? undefined : text;
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
