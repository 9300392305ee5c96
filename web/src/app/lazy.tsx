import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import { Failure, Offline } from "../ui/PageState";
import { hasUnsaved } from "../ui/unsaved";
import { useInterval } from "../ui/useInterval";
import { reloadOnce } from "./build";
import { onResync } from "./resync";

type Load<Props> = () => Promise<{ default: ComponentType<Props> }>;

/** The components that have loaded. */
const components = new WeakMap<object, ComponentType<never>>();

/** Loads a component before it shows. */
export async function preload<Props>(load: Load<Props>): Promise<ComponentType<Props>> {
  const { default: Content } = await load();
  components.set(load, Content as ComponentType<never>);
  return Content;
}

interface LazyProps<Props> {
  load: Load<Props>;
  /** The props of the component. */
  props: Props;
  /** Shows while the component loads. */
  fallback: ReactNode;
  /** The frame of a sentence that it could not be loaded. */
  frame?: (contents: ReactNode) => ReactNode;
}

/**
 * A component in a chunk of its own. If the chunk is gone, because the server has been upgraded, the page reloads once. A
 * second failure says that the site is being updated. React's `lazy` would show each fallback for at least 0.3 seconds.
 */
export function Lazy<Props extends object>({
  load,
  props,
  fallback,
  frame = (contents) => contents,
}: LazyProps<Props>) {
  const [Content, setContent] = useState(() => components.get(load) as ComponentType<Props> | undefined);
  useEffect(() => {
    if (Content) return;
    let isShown = true;
    loadOrExplain(load).then((loaded) => isShown && setContent(() => loaded));
    return () => {
      isShown = false;
    };
  }, [load, Content]);
  if (!Content) return fallback;
  return FAILURES.has(Content) ? frame(<Content {...props} />) : <Content {...props} />;
}

async function loadOrExplain<Props>(load: Load<Props>): Promise<ComponentType<Props>> {
  try {
    return await preload(load);
  } catch {
    if (!(await isServerReachable())) return Unreachable;
    // While the page reloads, nothing else shows.
    return reloadOnce() ? Nothing : Outdated;
  }
}

/** A reload without a connection would lose the page. */
async function isServerReachable() {
  try {
    await fetch("/", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(8_000) });
    return true;
  } catch {
    return false;
  }
}

const reload = () => window.location.reload();

const Nothing = () => null;

/** Time between two checks whether the server answers again, in milliseconds. */
const CHECK_INTERVAL = 5_000;

/**
 * Reloads, because browsers may not fetch a module again whose fetch failed:
 * <https://github.com/whatwg/html/issues/6768>
 */
async function reloadIfReachable() {
  if (await isServerReachable()) reload();
}

/** The same without a press of a button, unless the page has input. */
const reloadUnasked = () => void (hasUnsaved() || reloadIfReachable());

function Unreachable() {
  useInterval(reloadUnasked, CHECK_INTERVAL);
  useEffect(() => onResync(reloadUnasked), []);
  return <Offline onRetry={reloadIfReachable} />;
}

/** Servers of two builds answer. */
export function Updating({ alone = false }: { alone?: boolean }) {
  return (
    <Failure message="The site is being updated. Try again in a minute." onRetry={reload} alone={alone} />
  );
}

const Outdated = () => <Updating />;

/** The components that show in place of one that could not be loaded. */
const FAILURES: ReadonlySet<unknown> = new Set([Unreachable, Outdated]);
