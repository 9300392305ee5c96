// The page's content security policy allows only <style> elements with the page's nonce. Monaco and other libraries create
// <style> elements without one, so this module adds it. It must run before they are loaded.
const { nonce } = document.querySelector('meta[property="csp-nonce"]');
const createElement = document.createElement;

document.createElement = function (...parameters) {
  const element = createElement.apply(this, parameters);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};
