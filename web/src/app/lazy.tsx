import { type ComponentType, lazy } from "react";
import { Failure, Offline } from "../ui/PageState";
import { reloadOnce } from "./build";

/**
 * A component in a chunk of its own. If the chunk is gone, because the server has been upgraded, the page reloads once. A
 * second failure says that the site is being updated.
 */
export function lazyComponent<Props>(load: () => Promise<{ default: ComponentType<Props> }>) {
  return lazy(() =>
    load().catch(async (): Promise<{ default: ComponentType<Props> }> => {
      if (!(await isServerReachable())) return { default: Unreachable };
      // While the page reloads, nothing else shows.
      return { default: reloadOnce() ? Nothing : Updating };
    }),
  );
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

function Unreachable() {
  return <Offline onRetry={reload} />;
}

/** Servers of two builds answer. */
export function Updating() {
  return <Failure message="The site is being updated. Try again in a minute." onRetry={reload} />;
}
