// The page's policy lets in no <style> element but those with the page's nonce. Monaco and its kind make some and know of no
// nonce, so they are given it here, before any of them is loaded.
const { nonce } = document.currentScript;
const createElement = document.createElement;

document.createElement = function (...parameters) {
  const element = createElement.apply(this, parameters);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};
