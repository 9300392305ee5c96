// The entries of a draft while an officer edits them: pure, and saved all at once.
import type { DraftEntryFragment, DraftFragment, SetEntryInput } from "../../../gql/graphql";

/** An entry in the editor. `key` is its id, or a key of its own until it is saved. */
export interface EditedEntry {
  key: string;
  /** Absent until it is saved. */
  id?: string;
  name: string;
  description: string;
  imageUrl: string;
  member: { id: string; displayName: string } | null;
}

/** Highest number of entries of a vote. */
export const MAX_ENTRIES = 200;

const toEdited = (entry: DraftEntryFragment): EditedEntry => ({
  key: entry.id,
  id: entry.id,
  name: entry.name,
  description: entry.description ?? "",
  imageUrl: entry.imageUrl ?? "",
  member: entry.associatedMember ?? null,
});

export const fromVote = (vote: DraftFragment): readonly EditedEntry[] => vote.entries.map(toEdited);

let keys = 0;

/** A new entry. */
export function newEntry(name: string, member: EditedEntry["member"] = null): EditedEntry {
  keys += 1;
  return { key: `new-${keys}`, name, description: "", imageUrl: "", member };
}

/** One entry per line that has text. */
export function fromLines(text: string): EditedEntry[] {
  const names = text.split(/\r?\n/).map((line) => line.trim());
  return names.filter((name) => name !== "").map((name) => newEntry(name));
}

export const toInput = (entry: EditedEntry): SetEntryInput => ({
  ...(entry.id && { id: entry.id }),
  entry: {
    name: entry.name.trim(),
    description: entry.description.trim() || null,
    imageUrl: entry.imageUrl.trim() || null,
    associatedMemberId: entry.member?.id ?? null,
  },
});

/** Moves the entry at `from` to `to`. */
export function moveEntry(entries: readonly EditedEntry[], from: number, to: number): EditedEntry[] {
  const others = entries.filter((_, index) => index !== from);
  const moved = entries[from];
  return moved ? [...others.slice(0, to), moved, ...others.slice(to)] : [...entries];
}

const isSame = (a: EditedEntry, b: EditedEntry) =>
  JSON.stringify(toInput(a).entry) === JSON.stringify(toInput(b).entry);

/** The list after `sent` was stored as `saved`: new entries have their ids, and later edits stay. */
export function rebase(
  current: readonly EditedEntry[],
  sent: readonly EditedEntry[],
  saved: readonly EditedEntry[],
): readonly EditedEntry[] {
  // The server keeps the order.
  const stored = new Map(sent.map((entry, index) => [entry.key, { entry, saved: saved[index] }]));
  return current.map((entry) => {
    const own = stored.get(entry.key);
    if (!own?.saved) return entry;
    const { id } = own.saved;
    return { ...(isSame(entry, own.entry) ? own.saved : entry), ...(id && { id }), key: entry.key };
  });
}

/** The list as a change of `latest`: entries that a colleague has removed are new ones. */
export function moveTo(own: readonly EditedEntry[], latest: readonly EditedEntry[]): readonly EditedEntry[] {
  const ids = new Set(latest.map((entry) => entry.id));
  return own.map(({ id, ...entry }) => (id && ids.has(id) ? { ...entry, id } : entry));
}

/** Whether both lists have the same entries in the same order, saved or not. */
export const areEqual = (a: readonly EditedEntry[], b: readonly EditedEntry[]) =>
  a.length === b.length && a.every((entry, index) => isSame(entry, b[index] ?? entry));

/** The entries in words, with the fields in which those of the other version differ. */
export function differences(entries: readonly EditedEntry[], others: readonly EditedEntry[]) {
  const byId = new Map(others.map((entry) => [entry.id, entry]));
  return entries.map((entry) => {
    const other = entry.id === undefined ? undefined : byId.get(entry.id);
    const words = describe(entry);
    const before = other && describe(other);
    const changed = Object.entries(words).filter(([field, word]) => before && word !== before[field]);
    const details = changed.map(([field, word]) => `${field}: ${word}`);
    return { key: entry.key, text: [entry.name, ...details].join(" – ") };
  });
}

/** The fields of an entry in words, besides its name. */
const describe = ({ description, imageUrl, member }: EditedEntry): Record<string, string> => ({
  Description: description.trim() || "none",
  Picture: imageUrl.trim() || "none",
  Member: member?.displayName ?? "none",
});

/** The sentence about a field of an entry in a refusal, such as that of `entries[2].entry.name`. */
export function problemOf(fields: Readonly<Record<string, string>>, index: number): string | undefined {
  const prefix = `entries[${index}]`;
  return Object.entries(fields).find(([field]) => field === prefix || field.startsWith(`${prefix}.`))?.[1];
}
