import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { Notice } from "../ui/Alert";
import { Button } from "../ui/Button";
import { formatRelative } from "../ui/Countdown";
import { Failure, Forbidden, NotFound, Offline, Skeleton } from "../ui/PageState";
import { reloadOnce } from "./build";
import type { Data } from "./data";
import { type AppError, isTemporary } from "./errors";
import { SignInLink } from "./Link";
import { Updating } from "./lazy";
import { takeNavigation } from "./navigation";
import styles from "./Page.module.css";
import { useViewer } from "./viewer";

interface PageProps {
  /** The heading and the browser's title; absent while it loads. */
  title: string | undefined;
  /** A line below the title, such as status and turnout. */
  subtitle?: ReactNode;
  /** A link above the title to the page that this one belongs to. */
  back?: ReactNode;
  /** Buttons or links beside the title. */
  actions?: ReactNode;
  /** `narrow` for forms and texts. */
  width?: "narrow" | "normal" | "wide";
  children: ReactNode;
}

const NoticeContext = createContext<ReactNode>(null);
/** Shows a notice below the title of the page inside. */
export const PageNotice = NoticeContext.Provider;

/** The frame of every page: it sets the browser's title, and focuses the heading after a navigation. */
export function Page({ title, subtitle, back, actions, width = "normal", children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { guild } = useViewer();
  const notice = useContext(NoticeContext);
  useEffect(() => {
    document.title = title === undefined || title === guild.name ? guild.name : `${title} · ${guild.name}`;
    if (title !== undefined && takeNavigation()) heading.current?.focus({ preventScroll: true });
  }, [title, guild.name]);
  return (
    <div className={[styles.page, styles[width]].join(" ")}>
      <header className={styles.header}>
        {back && <div className={styles.back}>{back}</div>}
        <div className={styles.titleRow}>
          <h1 ref={heading} tabIndex={-1} dir="auto">
            {title ?? (
              <span className={styles.placeholder}>
                <span className="visually-hidden">Loading…</span>
              </span>
            )}
          </h1>
          {actions && <div className={styles.actions}>{actions}</div>}
        </div>
        {subtitle && <div className={styles.subtitle}>{subtitle}</div>}
      </header>
      {notice}
      {children}
    </div>
  );
}

/** Moves the focus to the page's heading if it is lost with a change of `state`, which replaces parts of the page. */
export function useKeptFocus(state: string) {
  const before = useRef(state);
  useEffect(() => {
    if (before.current === state) return;
    before.current = state;
    const { activeElement } = document;
    const isLost = !activeElement || activeElement === document.body || activeElement.matches(":disabled");
    if (isLost) document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [state]);
}

interface LoadedProps<Result> {
  result: Data<Result>;
  /** Shows while the first data load. */
  skeleton?: ReactNode;
  children: (data: Result) => ReactNode;
}

/** Shows data, or why there are none yet. Old data stay while the server cannot be reached. */
export function Loaded<Result>({ result, skeleton = <Skeleton />, children }: LoadedProps<Result>) {
  const { data, error, isLoading, isRefreshing, refetch, loadedAt } = result;
  if (data) {
    return (
      <>
        {error && isTemporary(error) && (
          <Notice
            icon="offline"
            actions={
              <Button small busy={isRefreshing} onClick={refetch}>
                Try again
              </Button>
            }
          >
            {error.message} {loadedAt && `This is from ${formatRelative(new Date(loadedAt).toISOString())}.`}
          </Notice>
        )}
        {children(data)}
      </>
    );
  }
  if (isLoading || !error) return skeleton;
  return <ErrorState error={error} onRetry={refetch} />;
}

/** An error in place of a page's contents. */
export function ErrorState({ error, onRetry }: { error: AppError; onRetry?: () => void }) {
  const viewer = useViewer();
  const signIn = viewer.member ? undefined : <SignInLink variant="primary" />;
  switch (error.kind) {
    case "offline":
      return <Offline onRetry={onRetry} />;
    case "signIn":
    case "forbidden":
      return <Forbidden message={error.message} actions={signIn} />;
    case "notFound":
      return <NotFound actions={signIn} />;
    case "outdated":
      return <Outdated />;
    default:
      return <Failure message={error.message} requestId={error.requestId} onRetry={onRetry} />;
  }
}

/** The server no longer knows this page's documents. */
export function Outdated({ alone = false }: { alone?: boolean }) {
  const [isReloading, setReloading] = useState(true);
  useEffect(() => setReloading(reloadOnce()), []);
  return isReloading ? null : <Updating alone={alone} />;
}
