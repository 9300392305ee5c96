// The frame around all pages: navigation, account, and notices about the connection.
import { type ReactNode, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Skeleton } from "../ui/PageState";
import { Toasts } from "../ui/Toast";
import { useIsOutdated } from "./build";
import { useIsDisconnected } from "./connection";
import { type NavigationEntry, useFeatures } from "./feature";
import { Link, SignInLink } from "./Link";
import { useKeptFocus } from "./Page";
import styles from "./Shell.module.css";
import { useViewer } from "./viewer";

/** Number of entries in the bar of a phone, beside "More". */
const BAR_ENTRIES = 3;

export function Shell({ children, bare }: { children: ReactNode; bare: boolean }) {
  const { member } = useViewer();
  // Another viewer gets another page.
  useKeptFocus(member?.id ?? "visitor");
  return (
    <div className={bare ? styles.bare : styles.shell}>
      <a className={styles.skip} href="#content">
        Skip to the content
      </a>
      {bare ? <BareHeader /> : <Navigation />}
      <main id="content" tabIndex={-1} className={styles.main}>
        <Notices />
        {children}
      </main>
      <Toasts />
    </div>
  );
}

/** The frame before the server has said who looks at the page: nothing moves when it does. */
export function StartingShell({ bare }: { bare: boolean }) {
  if (bare) return <div className={styles.bare} />;
  return (
    <div className={styles.shell}>
      <div className={styles.side}>
        <div className={styles.top} />
        <div className={styles.bar} />
      </div>
      <main className={styles.starting}>
        <Skeleton rows={4} height="5rem" />
      </main>
    </div>
  );
}

function GuildName() {
  const { guild } = useViewer();
  return (
    <Link href="/" className={styles.guild} dir="auto">
      {guild.name}
    </Link>
  );
}

function BareHeader() {
  return (
    <header className={styles.bareHeader}>
      <GuildName />
    </header>
  );
}

function useEntries() {
  const viewer = useViewer();
  const entries = useFeatures()
    .flatMap(({ navigation = [] }) => navigation)
    .filter(({ isShown }) => isShown?.(viewer) ?? true)
    .sort((a, b) => a.order - b.order);
  return {
    guild: entries.filter(({ group }) => group === "guild"),
    administration: entries.filter(({ group }) => group === "administration"),
  };
}

function Navigation() {
  const { guild, administration } = useEntries();
  const { member } = useViewer();
  const [isOpen, setOpen] = useState(false);
  const [location] = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: each navigation closes the menu.
  useEffect(() => setOpen(false), [location]);
  useEffect(() => {
    if (!isOpen) return;
    const close = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    window.addEventListener("keydown", close);
    return () => window.removeEventListener("keydown", close);
  }, [isOpen]);
  return (
    <header className={styles.side} data-open={isOpen}>
      <div className={styles.top}>
        <GuildName />
        {!member && <SignInLink small variant="primary" className={styles.topSignIn ?? ""} />}
      </div>
      <nav className={styles.menu} id="menu" aria-label="Pages">
        <Entries entries={guild} />
        {administration.length > 0 && (
          <>
            <h2 className={styles.group}>Administration</h2>
            <Entries entries={administration} />
          </>
        )}
        <div className={styles.account}>
          {member ? (
            <Link href="/me" className={styles.me} aria-current={location === "/me" ? "page" : undefined}>
              <Icon name="person" />
              <span className={styles.meText}>
                <span dir="auto">{member.displayName}</span>
                <span className={styles.rank} dir="auto">
                  {member.rank.name}
                </span>
              </span>
            </Link>
          ) : (
            <SignInLink variant="primary" className={styles.signIn ?? ""} />
          )}
        </div>
      </nav>
      <nav className={styles.bar} aria-label="Main pages">
        {guild.slice(0, BAR_ENTRIES).map((entry) => (
          <Entry key={entry.path} entry={entry} />
        ))}
        <button
          type="button"
          className={styles.entry}
          aria-expanded={isOpen}
          aria-controls="menu"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? "close" : "menu"} />
          <span>More</span>
        </button>
      </nav>
    </header>
  );
}

function Entries({ entries }: { entries: readonly NavigationEntry[] }) {
  return (
    <ul className={styles.entries}>
      {entries.map((entry) => (
        <li key={entry.path}>
          <Entry entry={entry} />
        </li>
      ))}
    </ul>
  );
}

function Entry({ entry: { path, label, icon } }: { entry: NavigationEntry }) {
  const [location] = useLocation();
  const isCurrent = location === path || (path !== "/" && location.startsWith(`${path}/`));
  return (
    <Link href={path} className={styles.entry} aria-current={isCurrent ? "page" : undefined}>
      <Icon name={icon} />
      <span>{label}</span>
    </Link>
  );
}

function Notices() {
  const isDisconnected = useIsDisconnected();
  const isOutdated = useIsOutdated();
  return (
    <div className={styles.notices} role="status">
      {isDisconnected && (
        <p className={styles.notice}>
          <Icon name="offline" size={18} />
          No live updates at the moment. Reconnecting…
        </p>
      )}
      {isOutdated && (
        <p className={styles.notice}>
          <Icon name="refresh" size={18} />
          The site has been updated.
          <Button small onClick={() => window.location.reload()}>
            Reload
          </Button>
        </p>
      )}
    </div>
  );
}
