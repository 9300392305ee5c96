// The account button at the top right, and its panel to sign in and out.
import { useId, useRef, useState, useSyncExternalStore } from "react";

export function Account({ session }) {
  const account = useSyncExternalStore(session.watch, () => session.account);
  const notice = useSyncExternalStore(session.watch, () => session.notice);
  const panel = useId();
  return (
    <>
      <button
        type="button"
        className="account-button"
        data-signed-in={account !== undefined}
        popoverTarget={panel}
      >
        {account ? (
          <>
            <span className="account-name">{account.member.displayName}</span>
            <span className="account-rank">{account.member.rank.name}</span>
          </>
        ) : (
          "Sign in"
        )}
      </button>
      <div
        id={panel}
        popover="auto"
        className="account-panel"
        role="dialog"
        aria-label="Account"
        onToggle={focusFirst}
      >
        {account ? (
          <SignedIn session={session} account={account} />
        ) : (
          <SignIn session={session} notice={notice} />
        )}
      </div>
    </>
  );
}

function focusFirst({ newState, currentTarget }) {
  if (newState === "open") currentTarget.querySelector("input, button").focus();
}

function SignIn({ session, notice }) {
  const [error, setError] = useState();
  const [busy, run] = useBusy(setError);
  const password = useRef(null);
  const submit = (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.currentTarget));
    const panel = event.currentTarget.closest("[popover]");
    run(async () => {
      try {
        await session.signIn({
          ...fields,
          discordUsername: fields.discordUsername.trim(),
          guild: fields.guild.trim(),
        });
      } catch (error) {
        password.current?.select();
        throw error;
      }
      panel.hidePopover();
    });
  };
  return (
    <form onSubmit={submit}>
      <h2>Sign in</h2>
      <p>Operations and subscriptions then run as you. The session belongs to this tab and ends with it.</p>
      <label>
        Discord username
        <input
          name="discordUsername"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required ref={password} />
      </label>
      <label>
        <span>
          Guild <small>its slug, if the server has several guilds</small>
        </span>
        <input
          name="guild"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="the default guild"
        />
      </label>
      <ErrorMessage>{error ?? notice}</ErrorMessage>
      <button type="submit" disabled={busy}>
        {busy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}

function SignedIn({ session, account: { member, guild } }) {
  const [error, setError] = useState();
  const [busy, run] = useBusy(setError);
  return (
    <>
      <h2>{member.displayName}</h2>
      <p>
        {member.rank.name} of {guild.name}
      </p>
      <ErrorMessage>{error}</ErrorMessage>
      <button type="button" disabled={busy} onClick={() => run(() => session.signOut())}>
        {busy ? "Signing out…" : "Sign out"}
      </button>
    </>
  );
}

// Always rendered, because screen readers announce only changes of an existing alert.
function ErrorMessage({ children }) {
  return (
    <p role="alert" className="account-error">
      {children}
    </p>
  );
}

/** Returns whether work is running, and a function that runs work unless some is running. */
function useBusy(setError) {
  const [busy, setBusy] = useState(false);
  const run = async (work) => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (error) {
      setError(error.message);
    }
    setBusy(false);
  };
  return [busy, run];
}
