// The page's policy of Trusted Types. The server's Content-Security-Policy admits this name alone, once.

interface Policy {
  createScriptURL: (url: string) => unknown;
}

interface PolicyFactory {
  createPolicy: (name: string, rules: { createScriptURL: (url: string) => string }) => Policy;
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;

const policy = factory?.createPolicy("guildhall", {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin)
      throw new TypeError("A script of another site.");
    return url;
  },
});

/** Admits the address of a script of this site, for `new Worker`. */
export const trustScriptUrl = (url: string) => (policy ? (policy.createScriptURL(url) as string) : url);
