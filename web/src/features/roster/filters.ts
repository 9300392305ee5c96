// The filters of the roster, as the address of the page has them.
import { CLASSES, ROLES } from "../../app/labels";
import type { CharacterClass, CharacterRole, MemberFilter, MemberOrder } from "../../gql/graphql";

export interface Filters {
  search: string;
  rank: string;
  class: string;
  role: string;
  status: string;
  order: string;
}

const NAMES = ["search", "rank", "class", "role", "status", "order"] as const;

const STATUSES: Record<string, MemberFilter> = {
  unregistered: { registered: false },
  inactive: { active: false },
  all: { active: null },
};
const ORDERS: Record<string, MemberOrder> = {
  name: { field: "NAME", direction: "ASC" },
  newest: { field: "JOINED_AT", direction: "DESC" },
  seen: { field: "LAST_SEEN_AT", direction: "DESC" },
  unseen: { field: "LAST_SEEN_AT", direction: "ASC" },
};

/** Reads the address. Values that no filter has are left out. */
export function readFilters(params: URLSearchParams): Filters {
  const read = (name: string) => params.get(name) ?? "";
  const known = (name: string, values: readonly string[]) => (values.includes(read(name)) ? read(name) : "");
  return {
    search: read("search"),
    rank: read("rank"),
    class: known("class", Object.keys(CLASSES)),
    role: known("role", Object.keys(ROLES)),
    status: known("status", Object.keys(STATUSES)),
    order: known("order", Object.keys(ORDERS)),
  };
}

/** The address's part after `?`. */
export function writeFilters(filters: Filters) {
  const params = new URLSearchParams();
  for (const name of NAMES) if (filters[name]) params.set(name, filters[name]);
  return params;
}

/** Number of filters that leave members out, beside the search. */
export const countFilters = ({ rank, class: cls, role, status }: Filters) =>
  [rank, cls, role, status].filter(Boolean).length;

export function toVariables(filters: Filters) {
  const { search, rank, class: cls, role, status, order } = filters;
  const filter: MemberFilter = {
    ...(search.trim() && { search: search.trim().slice(0, 200) }),
    ...(rank && { rankId: rank }),
    ...(cls && { class: cls as CharacterClass }),
    ...(role && { role: role as CharacterRole }),
    ...STATUSES[status],
  };
  return { filter, orderBy: ORDERS[order] ?? null };
}
