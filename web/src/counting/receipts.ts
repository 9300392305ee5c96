import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** SHA-256, in lower-case hexadecimal digits, of lines that each end with a line feed. */
export function hashLines(lines: Iterable<string>): string {
  const hash = sha256.create();
  let text = "";
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < 8192) continue;
    hash.update(utf8ToBytes(text));
    text = "";
  }
  return bytesToHex(hash.update(utf8ToBytes(text)).digest());
}

/** The receipt of a ballot: a commitment to its picks, as docs/receipts.md defines it. */
export function receiptOf(campaign: string, nonce: string, picks: readonly string[]): string {
  return hashLines(["guildhall ballot 1", campaign, nonce, ...picks]);
}

/** Draws a nonce of 256 random bits. `getRandomValues` works on plain HTTP too. */
export function newNonce(): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
}

export function isNonce(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/**
 * Finds a receipt in a text that someone pasted: in capitals, with spaces or line breaks in it, or after a label. Null if
 * there is none.
 */
export function findReceipt(text: string): string | null {
  if (text.length > 2000) return null;
  const values = text.normalize("NFKC").split(/[:=]/);
  const value = values.findLast((part) => /[0-9a-f]/i.test(part)) ?? "";
  // A label may consist of hexadecimal digits too ("face"), so words are taken from the end.
  let found = "";
  for (const word of value.split(/[^\p{L}\p{N}]+/u).reverse()) {
    if (!/^[0-9a-f]+$/i.test(word)) continue;
    found = word.toLowerCase() + found;
    if (found.length >= 64) break;
  }
  return found.length === 64 ? found : null;
}
