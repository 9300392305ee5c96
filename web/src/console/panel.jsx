// The panel with the examples, a plugin of GraphiQL.
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useId } from "react";
import { defaultHeaders, groups } from "./examples.js";

export const EXAMPLES = { title: "Examples", icon: Icon, content: Panel };

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 5h2M9.5 5H20M4 12h2M9.5 12H20M4 19h2M9.5 19H20" strokeLinecap="round" />
    </svg>
  );
}

function Panel() {
  const state = useGraphiQL(pick("tabs", "activeTabIndex", "queryEditor", "variableEditor"));
  const { addTab, changeTab, updateActiveTabValues } = useGraphiQLActions();
  const heading = useId();
  const shown = (tab, index) =>
    index === state.activeTabIndex ? (state.queryEditor?.getValue() ?? tab.query) : tab.query;
  const open = ({ document, variables }) => {
    const index = state.tabs.findIndex((tab, index) => shown(tab, index) === document);
    if (index >= 0) {
      if (index !== state.activeTabIndex) changeTab(index);
    } else {
      if (state.queryEditor.getValue().trim()) addTab();
      const values = { query: document, variables: variables?.(undefined) ?? "", headers: defaultHeaders };
      state.queryEditor.setValue(values.query);
      state.variableEditor.setValue(values.variables);
      updateActiveTabValues(values);
    }
    showEditors();
  };
  const current = state.tabs[state.activeTabIndex];
  return (
    <section className="examples" aria-labelledby={heading}>
      <h2 id={heading}>Examples</h2>
      <p>Each opens in a tab, with ids of this guild. Nothing runs before you press Execute.</p>
      {groups.map(({ title, examples }) => (
        <section key={title} aria-label={title}>
          <h3>{title}</h3>
          <ul>
            {examples.map((example) => (
              <li key={example.label}>
                <button
                  type="button"
                  aria-current={example.document === shown(current, state.activeTabIndex) || undefined}
                  onClick={() => open(example)}
                >
                  {example.label}
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

/** On a phone, the panel covers the editors. Only GraphiQL's own button hides it. */
function showEditors() {
  if (matchMedia("(max-width: 700px)").matches)
    document.querySelector('.graphiql-sidebar [aria-label="Hide Examples"]')?.click();
}
