// Sets the theme and the density before the first paint. A classic script, because modules run too late.
(() => {
  /** @param {string} key */
  const read = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      // Storage is blocked.
      return null;
    }
  };
  const root = document.documentElement;
  const theme = read("guildhall:theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  if (read("guildhall:density") === "compact") root.dataset.density = "compact";
})();
