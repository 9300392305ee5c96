// What a feature's `index.ts` exports. `features.ts` lists the features.
import { type ComponentType, createContext, useContext } from "react";
import type { IconName } from "../ui/Icon";
import type { Viewer } from "./viewer";

/** Loads a page's module, a chunk of its own. Its default export is the page. */
export type LoadPage = () => Promise<{
  default: ComponentType<{ params: Readonly<Record<string, string>> }>;
}>;

export interface Route {
  /** As in routes.json: `/votes/:id`. */
  path: string;
  load: LoadPage;
  /** Pages for signing in have no navigation. */
  bare?: boolean;
}

export interface NavigationEntry {
  path: string;
  label: string;
  icon: IconName;
  group: "guild" | "administration";
  /** Position in its group, lowest first. */
  order: number;
  isShown?: (viewer: Viewer) => boolean;
}

/** A part of a page that a feature adds to a page of another one. */
export interface Section<Props> {
  id: string;
  order: number;
  isShown?: (viewer: Viewer) => boolean;
  load: () => Promise<{ default: ComponentType<Props> }>;
}

export interface Feature {
  routes: readonly Route[];
  navigation?: readonly NavigationEntry[];
  /** Cards of `/`, beside those of `home/`. */
  homeCards?: readonly Section<object>[];
  /** Sections of `/me`, `/members/:id` and `/admin/guild`. */
  meSections?: readonly Section<object>[];
  memberSections?: readonly Section<{ memberId: string }>[];
  guildSections?: readonly Section<object>[];
}

const Features = createContext<readonly Feature[]>([]);
export const FeaturesProvider = Features.Provider;
export const useFeatures = () => useContext(Features);

/** The route of a path, such as to load its page early. */
export function findRoute(features: readonly Feature[], path: string): Route | undefined {
  const segments = path.replace(/(.)\/$/, "$1").split("/");
  const fits = (route: Route) => {
    const pattern = route.path.split("/");
    return (
      pattern.length === segments.length &&
      pattern.every(
        (part, index) => part === segments[index] || (part.startsWith(":") && segments[index] !== ""),
      )
    );
  };
  const all = features.flatMap(({ routes }) => routes).filter(fits);
  // `/admin/votes/new` is more exact than `/admin/votes/:id`.
  return all.find((route) => !route.path.includes(":")) ?? all[0];
}
