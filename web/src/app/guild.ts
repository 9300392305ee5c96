// The guild of this page. `/` is the default guild, `/g/SLUG/…` any other. A page never changes its guild: links between
// guilds load a new page, so that no cache and no token crosses them.

const match = /^\/g\/([a-z0-9-]{2,40})(?=\/|$)/.exec(window.location.pathname);

/** The slug for `X-Guild`; absent on the default guild's pages. */
export const guildSlug = match?.[1];
/** The path before those of the routes: empty, or `/g/SLUG`. */
export const basePath = match?.[0] ?? "";

/** An absolute address of a page of this guild, for links that members share. */
export const absoluteUrl = (path: string) => `${window.location.origin}${basePath}${path}`;

/** A key for this guild's data in the browser's storage. */
export const storageKey = (name: string) => `guildhall:${guildSlug ?? ""}:${name}`;
