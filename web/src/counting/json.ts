/** JSON as it was read. An object is a `Map`, so that no key of a file means anything to JavaScript. */
export type Json = null | boolean | number | string | Json[] | Map<string, Json>;

/** What is wrong with a file, as a sentence for its reader. */
export class FileError extends Error {
  override name = "FileError";
}

/** Deepest nesting. A ballot box has four levels. */
const MAX_DEPTH = 16;

/**
 * Reads JSON. Unlike `JSON.parse` it names the line of a mistake in every browser, refuses a key that an object has twice
 * (readers would disagree about its value), and refuses deep nesting.
 */
export function readJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;
const ESCAPE = /^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/;

class Reader {
  private at = 0;

  constructor(private readonly text: string) {
    if (text.startsWith("\ufeff")) this.at = 1;
  }

  value(depth: number): Json {
    if (depth > MAX_DEPTH) throw this.error(`the nesting is deeper than ${MAX_DEPTH} levels`);
    const next = this.peek();
    if (next === "{") return this.object(depth);
    if (next === "[") return this.array(depth);
    if (next === '"') return this.string();
    for (const [word, value] of [
      ["null", null],
      ["true", true],
      ["false", false],
    ] as const) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.at;
    const number = NUMBER.exec(this.text)?.[0];
    if (number === undefined) throw this.unexpected("a value");
    // All numbers of a ballot box count something. Other readers refuse 1.0 for 1.
    if (/[.eE]|^-0$/.test(number)) throw this.error(`${quote(number)} is not a whole number in plain digits`);
    this.at += number.length;
    return Number(number);
  }

  end(): void {
    if (this.peek() !== "") throw this.unexpected("the end of the file");
  }

  private object(depth: number): Map<string, Json> {
    const object = new Map<string, Json>();
    this.at += 1;
    if (this.peek() === "}") {
      this.at += 1;
      return object;
    }
    for (;;) {
      if (this.peek() !== '"') throw this.unexpected("a name in quotes");
      const key = this.string();
      if (object.has(key)) throw this.error(`the name ${quote(key)} is there twice`);
      if (this.peek() !== ":") throw this.unexpected("a colon");
      this.at += 1;
      object.set(key, this.value(depth + 1));
      if (this.closes("}")) return object;
    }
  }

  private array(depth: number): Json[] {
    const array: Json[] = [];
    this.at += 1;
    if (this.peek() === "]") {
      this.at += 1;
      return array;
    }
    for (;;) {
      array.push(this.value(depth + 1));
      if (this.closes("]")) return array;
    }
  }

  private closes(bracket: string): boolean {
    const next = this.peek();
    if (next !== "," && next !== bracket) throw this.unexpected(`a comma or ${bracket}`);
    this.at += 1;
    return next === bracket;
  }

  private string(): string {
    const start = this.at;
    let end = this.text.indexOf('"', start + 1);
    while (end > 0 && this.isEscaped(end)) end = this.text.indexOf('"', end + 1);
    if (end < 0) throw this.error("a text has no closing quote");
    const raw = this.text.slice(start + 1, end);
    for (let slash = raw.indexOf("\\"); slash >= 0; slash = raw.indexOf("\\", slash + 2)) {
      if (!ESCAPE.test(raw.slice(slash + 1, slash + 6))) throw this.error("a text has an unknown escape");
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in texts.
    if (/[\u0000-\u001f]/.test(raw))
      throw this.error("a text has a line break or another control character in it");
    const text = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
    if (/\p{Surrogate}/u.test(text)) throw this.error("a text has half a character in it");
    this.at = end + 1;
    return text;
  }

  /** Whether an odd number of backslashes precedes a quote. */
  private isEscaped(quoteAt: number): boolean {
    let before = quoteAt - 1;
    while (this.text[before] === "\\") before -= 1;
    return (quoteAt - before) % 2 === 0;
  }

  /** The next character that is not a space; empty at the end. */
  private peek(): string {
    const next = this.text[this.at] ?? "";
    if (next > " ") return next;
    SPACE.lastIndex = this.at;
    this.at += SPACE.exec(this.text)?.[0].length ?? 0;
    return this.text[this.at] ?? "";
  }

  private unexpected(wanted: string): FileError {
    const found = this.text[this.at];
    return this.error(
      `${wanted} should be here, not ${found === undefined ? "the end of the file" : quote(found)}`,
    );
  }

  private error(what: string): FileError {
    let line = 1;
    for (
      let feed = this.text.indexOf("\n");
      feed >= 0 && feed < this.at;
      feed = this.text.indexOf("\n", feed + 1)
    )
      line += 1;
    const column = this.at - this.text.lastIndexOf("\n", this.at - 1);
    return new FileError(`Line ${line}, column ${column}: ${what}.`);
  }
}

/** A text of a file in quotes: short, and without control characters. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return `"${short.replace(/[\p{Cc}\p{Cf}\p{Surrogate}]/gu, "\ufffd")}"`;
}
