import type { ReactNode } from "react";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";
import styles from "./PageState.module.css";

interface StateProps {
  icon: IconName;
  title: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  /** Says it at once to screen readers. */
  alert?: boolean;
  /** Whether it is the whole page, so that its title is the page's. */
  alone?: boolean;
}

/** What a page, or a part of it, shows in place of its contents. */
export function PageState({ icon, title, children, actions, alert, alone }: StateProps) {
  const Heading = alone ? "h1" : "h2";
  return (
    <div className={styles.state} role={alert ? "alert" : undefined}>
      <span className={styles.icon}>
        <Icon name={icon} size={28} />
      </span>
      <Heading>{title}</Heading>
      {children && <div className={styles.text}>{children}</div>}
      {actions && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}

/** There is nothing yet. The text says who can fill the page, and how. */
export function Empty({
  icon = "info",
  title,
  children,
  actions,
}: Partial<StateProps> & { title: ReactNode }) {
  return (
    <PageState icon={icon} title={title} actions={actions}>
      {children}
    </PageState>
  );
}

interface FailureProps {
  /** The server's sentence. */
  message: ReactNode;
  requestId?: string | undefined;
  onRetry?: (() => void) | undefined;
  busy?: boolean;
  alone?: boolean;
}

/** Something went wrong on the way. */
export function Failure({ message, requestId, onRetry, busy, alone }: FailureProps) {
  return (
    <PageState
      icon="warning"
      title="This could not be loaded"
      alert
      {...(alone && { alone })}
      actions={
        onRetry && (
          <Button icon="refresh" onClick={onRetry} {...(busy && { busy })}>
            Try again
          </Button>
        )
      }
    >
      <p>{message}</p>
      {requestId && (
        <p className={styles.small}>
          Request <code>{requestId}</code>
        </p>
      )}
    </PageState>
  );
}

/** The server cannot be reached, and nothing was loaded before. */
export function Offline({ onRetry, busy, alone }: Omit<FailureProps, "message">) {
  return (
    <PageState
      icon="offline"
      title="The server cannot be reached"
      alert
      {...(alone && { alone })}
      actions={
        onRetry && (
          <Button icon="refresh" onClick={onRetry} {...(busy && { busy })}>
            Try again
          </Button>
        )
      }
    >
      <p>Check your connection. The page loads as soon as the server answers.</p>
    </PageState>
  );
}

/** The viewer may not do this. `message` is the server's sentence, which names the permission. */
export function Forbidden({ message, actions }: { message: ReactNode; actions?: ReactNode }) {
  return (
    <PageState icon="lock" title="You cannot open this page" actions={actions}>
      <p>{message}</p>
    </PageState>
  );
}

/** No such page or object; the same for an object that the viewer may not see. */
export function NotFound({ what = "page", actions }: { what?: string; actions?: ReactNode }) {
  return (
    <PageState icon="search" title={`There is no such ${what}`} actions={actions}>
      <p>The link may be old, or you may need to sign in to see it.</p>
    </PageState>
  );
}

/** Blocks in place of the contents, after 200 ms. */
export function Skeleton({ rows = 4, height }: { rows?: number; height?: string }) {
  return (
    <div className={styles.skeleton} role="status">
      <span className="visually-hidden">Loading…</span>
      {Array.from({ length: rows }, (_, index) => index).map((row) => (
        <span
          key={row}
          className={styles.block}
          style={{ height: height ?? "var(--row)" }}
          aria-hidden="true"
        />
      ))}
    </div>
  );
}
