// The session of this page's guild.
import { useSyncExternalStore } from "react";
import { Session } from "../client/session.js";
import { LoginDocument, LogoutDocument, RefreshSessionDocument } from "../gql/graphql";
import { documentRef } from "./document";
import { guildSlug } from "./guild";

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
