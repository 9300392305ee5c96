import { readFileSync } from "node:fs";
import type { HtmlTagDescriptor, Plugin } from "vite";

const SOURCES = new URL("../src/app/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, SOURCES));

/** The web app manifest, which puts the app on a home screen. */
const manifest = (icon: string) => ({
  name: "Guildhall",
  short_name: "Guildhall",
  start_url: "/",
  display: "standalone",
  background_color: "#121316",
  theme_color: "#121316",
  icons: [{ src: icon, type: "image/svg+xml", sizes: "any", purpose: "any maskable" }],
});

/**
 * Adds to the app's page what Vite cannot bundle: the classic script that sets the theme before the first paint, the
 * manifest, the icons, and early loading of the fonts. All files have hashed names.
 */
export function head(): Plugin {
  const files: Record<string, string> = {};
  let building = false;
  return {
    name: "guildhall:head",
    configResolved(config) {
      building = config.command === "build";
    },
    buildStart() {
      if (!building) return;
      const emit = (name: string, source: string | Uint8Array) => {
        const reference = this.emitFile({ type: "asset", name, source });
        return `/${this.getFileName(reference)}`;
      };
      files.theme = emit("theme.js", read("theme-start.js"));
      files.icon = emit("icon.svg", read("icon.svg"));
      files.touchIcon = emit("icon.png", read("icon.png"));
      files.manifest = emit("app.webmanifest", JSON.stringify(manifest(files.icon)));
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, { path, bundle }) {
        if (!path.endsWith("/index.html")) return [];
        const name = (file: string) => (building ? (files[file] ?? "") : `/src/app/${SERVED[file]}`);
        const tags: HtmlTagDescriptor[] = [
          { tag: "script", attrs: { src: name("theme") } },
          { tag: "link", attrs: { rel: "icon", type: "image/svg+xml", href: name("icon") } },
          { tag: "link", attrs: { rel: "apple-touch-icon", href: name("touchIcon") } },
        ];
        if (building) tags.push({ tag: "link", attrs: { rel: "manifest", href: name("manifest") } });
        for (const file of Object.keys(bundle ?? {})) {
          if (!file.endsWith(".woff2")) continue;
          const attrs = {
            rel: "preload",
            as: "font",
            type: "font/woff2",
            href: `/${file}`,
            crossorigin: true,
            // After the scripts, without which there is no text.
            fetchpriority: "low",
          };
          tags.push({ tag: "link", attrs });
        }
        return tags.map((tag) => ({ ...tag, injectTo: "head" as const }));
      },
    },
  };
}

/** The files as the dev server has them. */
const SERVED: Record<string, string> = { theme: "theme-start.js", icon: "icon.svg", touchIcon: "icon.png" };
