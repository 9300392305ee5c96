// The theme and the density, which belong to the browser. `theme-start.js` reads them before the first paint.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "dark" | "light";
export type Density = "comfortable" | "compact";

const listeners = new Set<() => void>();
const root = document.documentElement;

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

function set(attribute: "theme" | "density", value: string | undefined) {
  if (value) root.dataset[attribute] = value;
  else delete root.dataset[attribute];
  try {
    if (value) localStorage.setItem(`guildhall:${attribute}`, value);
    else localStorage.removeItem(`guildhall:${attribute}`);
  } catch {
    // Storage is blocked: the choice lasts until the page is closed.
  }
  for (const listener of listeners) listener();
}

export const setTheme = (theme: Theme) => set("theme", theme === "system" ? undefined : theme);
export const setDensity = (density: Density) => set("density", density === "compact" ? density : undefined);

const readTheme = () => (root.dataset.theme ?? "system") as Theme;
const readDensity = () => (root.dataset.density ?? "comfortable") as Density;

export const useTheme = () => useSyncExternalStore(subscribe, readTheme);
export const useDensity = () => useSyncExternalStore(subscribe, readDensity);
