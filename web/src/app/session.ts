// The session of this page's guild.
import { useSyncExternalStore } from "react";
import { Session } from "../client/session.js";
import { LoginDocument, LogoutDocument, RefreshSessionDocument } from "../gql/graphql";
import { documentRef } from "./document";
import { guildSlug, storageKey } from "./guild";

export const apiUrl = new URL("/graphql", window.location.href).href;

export const session = new Session(apiUrl, {
  ...(guildSlug && { guild: guildSlug }),
  documents: {
    login: documentRef(LoginDocument),
    refreshSession: documentRef(RefreshSessionDocument),
    logout: documentRef(LogoutDocument),
  },
});

/** Whether someone is signed in, and as which sign-in. */
export const useSession = () => useSyncExternalStore(session.subscribe, session.getState);

/** What this tab keeps for its member, such as picks that are not cast. A sign-out in any tab clears it. */
export const memberStorage = {
  get: (name: string) => attempt(() => sessionStorage.getItem(MEMBER_KEY + name)) ?? undefined,
  set: (name: string, value: string) => void attempt(() => sessionStorage.setItem(MEMBER_KEY + name, value)),
  remove: (name: string) => void attempt(() => sessionStorage.removeItem(MEMBER_KEY + name)),
};

const MEMBER_KEY = storageKey("member:");

function clearMemberStorage() {
  attempt(() => {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(MEMBER_KEY)) sessionStorage.removeItem(key);
    }
  });
}

/** A browser that blocks storage throws. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

// Also when the tab was closed or asleep while another one signed out.
if (session.getState().status === "signedOut") clearMemberStorage();
session.subscribe(() => session.getState().status === "signedOut" && clearMemberStorage());
