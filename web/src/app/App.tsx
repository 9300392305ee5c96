import { useLayoutEffect, useMemo, useRef } from "react";
import { useLocation } from "wouter";
import { ViewerDocument, type ViewerQuery } from "../gql/graphql";
import { Failure, Offline, PageState } from "../ui/PageState";
import styles from "./App.module.css";
import { useData } from "./data";
import type { AppError } from "./errors";
import { findRoute, useFeatures } from "./feature";
import { Outdated } from "./Page";
import { Pages } from "./Pages";
import { Shell, StartingShell } from "./Shell";
import { SignInAgain } from "./SignInAgain";
import { useSession } from "./session";
import { toViewer, toVisitor, ViewerContext } from "./viewer";

/** Asks who looks at the page, and shows it to them. */
export function App() {
  const { status } = useSession();
  const result = useData(ViewerDocument, {});
  const data = useLastData(result.data, status === "signedOut");
  const [location] = useLocation();
  const features = useFeatures();
  const bare = findRoute(features, location)?.bare ?? false;
  const { error, refetch, isLoading } = result;
  const known = useMemo(() => data && toViewer(data, refetch), [data, refetch]);
  const visitor = useMemo(() => toVisitor(refetch), [refetch]);
  // A visitor's page asks for its data at the same time.
  const viewer = known ?? (status === "signedOut" && !error ? visitor : undefined);
  // The session ended while the app was closed: without a page to keep, the viewer is a visitor.
  const isVisitor = status === "ended" && error?.kind === "signIn" && !viewer;
  useLayoutEffect(() => {
    if (isVisitor) refetch();
  }, [isVisitor, refetch]);
  if (!viewer) {
    if (!error || (isVisitor && isLoading)) return <StartingShell bare={bare} />;
    return (
      <main className={styles.alone}>
        <StartError error={error} onRetry={refetch} busy={isLoading} />
      </main>
    );
  }
  return (
    <ViewerContext value={viewer}>
      <Shell bare={bare}>
        {/* Another member sees no input of the one before. */}
        <Pages key={viewer.member?.id ?? "visitor"} />
      </Shell>
      {status === "ended" && viewer.member && !bare && <SignInAgain />}
    </ViewerContext>
  );
}

/** Keeps the data of before while those of the next sign-in load. After a sign-out only the guild is left, at once. */
function useLastData(data: ViewerQuery | undefined, isSignedOut: boolean) {
  const last = useRef<ViewerQuery>(undefined);
  if (data) last.current = data;
  else if (isSignedOut && last.current?.me) last.current = { ...last.current, me: null };
  return last.current;
}

function StartError({ error, onRetry, busy }: { error: AppError; onRetry: () => void; busy: boolean }) {
  if (error.reason === "NO_GUILD") {
    return (
      <PageState
        icon="home"
        alone
        title="This server has no guild yet"
        actions={<a href="/register">I have an invite code</a>}
      >
        <p>
          The operator creates the first one on the server with this command. It prints an invite code for the
          leader:
        </p>
        <pre className={styles.command}>
          <code>guildhall bootstrap --guild my-guild --guild-name "My Guild" --leader my-discord-name</code>
        </pre>
      </PageState>
    );
  }
  if (error.kind === "notFound") {
    return (
      <PageState
        icon="search"
        title="There is no such guild"
        alone
        actions={<a href="/">Go to the start page</a>}
      >
        <p>Check the address: it may be misspelt.</p>
      </PageState>
    );
  }
  if (error.kind === "outdated") return <Outdated alone />;
  if (error.kind === "offline") return <Offline onRetry={onRetry} busy={busy} alone />;
  return <Failure message={error.message} requestId={error.requestId} onRetry={onRetry} busy={busy} alone />;
}
