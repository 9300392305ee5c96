// Who looks at the page, and what they may do.
import { createContext, useContext } from "react";
import type { Permission, ViewerQuery } from "../gql/graphql";

export interface Viewer {
  /** The signed-in member; `null` for a visitor. */
  member: NonNullable<ViewerQuery["me"]> | null;
  guild: Pick<ViewerQuery["guild"], "name">;
  /** Whether the viewer's rank grants the permission. */
  can: (permission: Permission) => boolean;
  /** Reads again who looks at the page. */
  refetch: () => void;
}

export function toViewer({ me, guild }: ViewerQuery, refetch: () => void): Viewer {
  const permissions = new Set(me?.rank.permissions);
  return { member: me ?? null, guild, can: (permission) => permissions.has(permission), refetch };
}

/**
 * The viewer of a tab without a session, before the server has answered: a visitor of the guild that the page names.
 * Undefined if it names none, as without a guild, or on the dev server.
 */
export function toVisitor(refetch: () => void): Viewer | undefined {
  const name = document.querySelector<HTMLMetaElement>('meta[property="og:site_name"]')?.content;
  return name === undefined ? undefined : { member: null, guild: { name }, can: () => false, refetch };
}

const Context = createContext<Viewer | undefined>(undefined);
export const ViewerContext = Context.Provider;

export function useViewer(): Viewer {
  const viewer = useContext(Context);
  if (!viewer) throw new Error("There is no viewer outside of the shell.");
  return viewer;
}
