// The account button at the top right, and its panel to sign in and out.
import { useId, useRef, useState, useSyncExternalStore } from "react";

export function Account({ session, context }) {
  const data = useSyncExternalStore(context.watch, () => context.data);
  const isSignedIn = useSyncExternalStore(session.watch, () => session.isSignedIn);
  const [isSwitching, setSwitching] = useState(false);
  const panel = useId();
  const { me, guild } = data ?? {};
  return (
    <>
      <button type="button" className="account-button" data-signed-in={isSignedIn} popoverTarget={panel}>
        {!isSignedIn && "Sign in"}
        {isSignedIn && !me && "Account"}
        {isSignedIn && me && (
          <>
            <span className="account-purpose">Account: </span>
            <span className="account-name">{me.displayName}</span>{" "}
            <span className="account-rank">{me.rank.name}</span>
          </>
        )}
      </button>
      <div
        id={panel}
        popover="auto"
        className="account-panel"
        role="dialog"
        aria-label="Account"
        onToggle={(event) => {
          setSwitching(false);
          focusFirst(event);
        }}
      >
        {isSignedIn && !isSwitching ? (
          <SignedIn session={session} me={me} guild={guild} onSwitch={() => setSwitching(true)} />
        ) : (
          <SignIn session={session} />
        )}
      </div>
    </>
  );
}

function focusFirst({ newState, currentTarget }) {
  if (newState === "open") currentTarget.querySelector("input, button").focus();
}

function SignIn({ session }) {
  const [error, setError] = useState();
  const [busy, run] = useBusy(setError);
  const password = useRef(null);
  const submit = (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.currentTarget));
    const panel = event.currentTarget.closest("[popover]");
    run(async () => {
      try {
        await session.enter({
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
      <p>
        Operations and subscriptions then run as you. The session belongs to this tab and ends with it. The
        web app keeps its own.
      </p>
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
      <ErrorMessage>
        {error ?? (session.isEnded && "Your session has ended. Please sign in again.")}
      </ErrorMessage>
      <button type="submit" disabled={busy}>
        {busy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}

function SignedIn({ session, me, guild, onSwitch }) {
  const [error, setError] = useState();
  const [busy, run] = useBusy(setError);
  return (
    <>
      <h2>{me?.displayName ?? "Account"}</h2>
      {me && (
        <p>
          {me.rank.name} of {guild.name}
        </p>
      )}
      {!session.isOwn && (
        <p>Signed in by the web app. If you sign out here, you are signed out there, too.</p>
      )}
      <ErrorMessage>{error}</ErrorMessage>
      <button type="button" disabled={busy} onClick={() => run(() => session.leave())}>
        {busy ? "Signing out…" : "Sign out"}
      </button>
      <button type="button" className="account-switch" disabled={busy} onClick={onSwitch}>
        Use another account in this tab
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
