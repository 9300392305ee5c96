import { expect, test } from "vitest";
import { decode, fitsRequest, formatOf, MAX_BYTES } from "./decode";

const bytes = (...values: number[]) => new Uint8Array(values);

test("UTF-8, with or without a mark", () => {
  expect(decode(new TextEncoder().encode("Zéphyrine")).text).toBe("Zéphyrine");
  expect(decode(bytes(0xef, 0xbb, 0xbf, 0x61)).text).toBe("a");
  expect(decode(new TextEncoder().encode("Zéphyrine")).note).toBeUndefined();
});

test("UTF-16 by its mark", () => {
  expect(decode(bytes(0xff, 0xfe, 0xe9, 0x00)).text).toBe("é");
  expect(decode(bytes(0xfe, 0xff, 0x00, 0xe9)).text).toBe("é");
});

test("Windows-1252 comes with a note", () => {
  const { text, note } = decode(bytes(0x5a, 0xe9, 0x80));
  expect(text).toBe("Zé€");
  expect(note).toMatch(/Windows-1252/);
});

test("workbooks and large files are refused with the way out", () => {
  expect(() => decode(bytes(0x50, 0x4b, 3, 4))).toThrow(/CSV UTF-8/);
  expect(() => decode(bytes(0xd0, 0xcf, 0x11, 0xe0))).toThrow(/CSV UTF-8/);
  expect(() => decode(new Uint8Array(MAX_BYTES + 1))).toThrow(/1 MiB/);
  expect(decode(new Uint8Array(MAX_BYTES)).text).toHaveLength(MAX_BYTES);
});

test("a roster has to fit as it is sent, with two bytes for each quotation mark", () => {
  expect(fitsRequest("x".repeat(MAX_BYTES - 5_000))).toBe(true);
  expect(fitsRequest("x".repeat(MAX_BYTES))).toBe(false);
  expect(fitsRequest('"'.repeat(MAX_BYTES / 2))).toBe(false);
  expect(fitsRequest("é".repeat(MAX_BYTES / 2))).toBe(false);
});

test("the format follows from the text", () => {
  expect(formatOf('  {"members": []}')).toBe("JSON");
  expect(formatOf("[]")).toBe("JSON");
  expect(formatOf("discord_username\nfern")).toBe("CSV");
  expect(formatOf("")).toBe("CSV");
});
