// Roster files as text. Spreadsheets write UTF-8, UTF-16 or the old encoding of Windows.
import type { RosterFormat } from "../../gql/graphql";

/** Largest file, in bytes. */
export const MAX_BYTES = 1024 * 1024;
/** Room for the rest of the request, in bytes. */
const REST_OF_REQUEST = 4096;

export interface Decoded {
  text: string;
  /** What the officer should check, such as a guessed encoding. */
  note?: string;
}

/** Decodes a file. Throws an `Error` with a sentence if it is none that the server reads. */
export function decode(bytes: Uint8Array<ArrayBuffer>): Decoded {
  if (startsWith(bytes, 0x50, 0x4b)) {
    throw new Error(
      "This is an Excel or OpenDocument workbook. Open it in the spreadsheet and save it as “CSV UTF-8”, then choose that file.",
    );
  }
  if (startsWith(bytes, 0xd0, 0xcf, 0x11, 0xe0)) {
    throw new Error(
      "This is an old Excel workbook. Open it in Excel and save it as “CSV UTF-8”, then choose that file.",
    );
  }
  if (bytes.length > MAX_BYTES) {
    throw new Error("The file is larger than 1 MiB. Split it, and import the parts one after the other.");
  }
  if (startsWith(bytes, 0xff, 0xfe)) return { text: new TextDecoder("utf-16le").decode(bytes) };
  if (startsWith(bytes, 0xfe, 0xff)) return { text: new TextDecoder("utf-16be").decode(bytes) };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return {
      text: new TextDecoder("windows-1252").decode(bytes),
      note: "The file is not UTF-8. It was read as Windows-1252: check names with accents in the preview.",
    };
  }
}

const startsWith = (bytes: Uint8Array, ...start: number[]) =>
  start.every((byte, index) => bytes[index] === byte);

/** The format, by the first character of the text. */
export const formatOf = (text: string): RosterFormat => (/^\s*[[{]/.test(text) ? "JSON" : "CSV");

/** Whether a text fits into a request, in which each quotation mark and each end of a line takes two bytes. */
export const fitsRequest = (text: string) =>
  new TextEncoder().encode(JSON.stringify(text)).length <= MAX_BYTES - REST_OF_REQUEST;
