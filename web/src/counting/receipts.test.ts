import { expect, test } from "vitest";
import { findReceipt, isNonce, newNonce, receiptOf } from "./receipts";

const nonce = "0123456789abcdef".repeat(4);
const receipt = "1075586a6cc3d1d352d552acb1afa5527d75aaca0a699a3ca24d48eb18fa5ebe";

// printf '%s\n' 'guildhall ballot 1' V1 "$NONCE" E2 E1 | sha256sum
test("a receipt is what sha256sum prints", () => {
  expect(receiptOf("V1", nonce, ["E2", "E1"])).toBe(receipt);
});

test("a nonce has 64 hexadecimal digits and is drawn anew", () => {
  const drawn = newNonce();
  expect(isNonce(drawn)).toBe(true);
  expect(newNonce()).not.toBe(drawn);
  for (const wrong of [
    "",
    "00",
    "g".repeat(64),
    "0".repeat(63),
    "0".repeat(65),
    nonce.toUpperCase(),
    `${nonce}\n`,
  ]) {
    expect(isNonce(wrong)).toBe(false);
  }
});

test.for([
  receipt,
  ` ${receipt.toUpperCase()}\n`,
  `Receipt: ${receipt}`,
  `Your face receipt ${receipt}.`,
  `receipt=${receipt.replace(/(.{8})/g, "$1 ")}`,
  `${receipt.slice(0, 32)}\n${receipt.slice(32)}`,
  receipt.replace(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
])("finds a receipt in %j", (pasted) => {
  expect(findReceipt(pasted)).toBe(receipt);
});

test.for(["", "no", receipt.slice(1), `${receipt}0`, `${receipt} ${receipt.slice(0, 4)}`, "a".repeat(3000)])(
  "finds no receipt in %j",
  (pasted) => {
    expect(findReceipt(pasted)).toBeNull();
  },
);
