// Who looks at the page, and what they may do.
import { createContext, useContext } from "react";
import type { Permission, ViewerQuery } from "../gql/graphql";

export interface Viewer {
  /** The signed-in member; `null` for a visitor. */
  member: NonNullable<ViewerQuery["me"]> | null;
  guild: ViewerQuery["guild"];
  /** Whether the viewer's rank grants the permission. */
  can: (permission: Permission) => boolean;
  /** Reads again who looks at the page. */
  refetch: () => void;
}

export function toViewer({ me, guild }: ViewerQuery, refetch: () => void): Viewer {
  const permissions = new Set(me?.rank.permissions);
  return { member: me ?? null, guild, can: (permission) => permissions.has(permission), refetch };
}

const Context = createContext<Viewer | undefined>(undefined);
export const ViewerContext = Context.Provider;

export function useViewer(): Viewer {
  const viewer = useContext(Context);
  if (!viewer) throw new Error("There is no viewer outside of the shell.");
  return viewer;
}
