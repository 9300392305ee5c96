import { useEffect, useRef, useState } from "react";
import { CLASSES, ROLES } from "../../app/labels";
import { useViewer } from "../../app/viewer";
import type { RosterFiltersQuery } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Field, Select } from "../../ui/Field";
import { countFilters, type Filters } from "./filters";
import styles from "./RosterFilters.module.css";

/** Time after the last key until the search runs, in milliseconds. */
const SEARCH_DELAY = 250;

interface RosterFiltersProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
  ranks: RosterFiltersQuery["ranks"];
}

export function RosterFilters({ filters, onChange, ranks }: RosterFiltersProps) {
  const viewer = useViewer();
  const [isOpen, setOpen] = useState(false);
  const [search, setSearch] = useSearch(filters, onChange);
  const set = (name: keyof Filters) => (event: { target: { value: string } }) =>
    onChange({ ...filters, [name]: event.target.value });
  const count = countFilters(filters);
  return (
    <search className={styles.filters}>
      <Field
        type="search"
        label="Search the roster"
        labelHidden
        placeholder="Search by name"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
        autoComplete="off"
        maxLength={200}
        enterKeyHint="search"
      />
      <Button
        icon="filter"
        className={styles.toggle ?? ""}
        aria-expanded={isOpen}
        aria-controls="roster-filters"
        onClick={() => setOpen(!isOpen)}
      >
        Filters{count > 0 && ` (${count})`}
      </Button>
      <div className={styles.selects} id="roster-filters" data-open={isOpen}>
        <Select
          label="Rank"
          labelHidden
          value={filters.rank}
          onChange={set("rank")}
          options={[
            { value: "", label: "All ranks" },
            ...ranks.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
        <Select
          label="Class"
          labelHidden
          value={filters.class}
          onChange={set("class")}
          options={[{ value: "", label: "All classes" }, ...options(CLASSES)]}
        />
        <Select
          label="Role"
          labelHidden
          value={filters.role}
          onChange={set("role")}
          options={[{ value: "", label: "All roles" }, ...options(ROLES)]}
        />
        <Select
          label="Status"
          labelHidden
          value={filters.status}
          onChange={set("status")}
          options={[
            { value: "", label: "Active members" },
            ...(viewer.member ? [{ value: "unregistered", label: "Not registered" }] : []),
            { value: "inactive", label: "Inactive" },
            { value: "all", label: "Active and inactive" },
          ]}
        />
        <Select
          label="Order"
          labelHidden
          value={filters.order}
          onChange={set("order")}
          options={[
            { value: "", label: "By rank" },
            { value: "name", label: "By name" },
            { value: "newest", label: "Newest first" },
            ...(viewer.can("MEMBERS_MANAGE")
              ? [
                  { value: "seen", label: "Seen last" },
                  { value: "unseen", label: "Not seen for longest" },
                ]
              : []),
          ]}
        />
      </div>
    </search>
  );
}

const options = (names: Record<string, string>) =>
  Object.entries(names).map(([value, label]) => ({ value, label }));

/** What is typed, which becomes the filter a moment later. */
function useSearch(filters: Filters, onChange: (filters: Filters) => void) {
  const [search, setSearch] = useState(filters.search);
  const latest = useRef({ filters, onChange });
  latest.current = { filters, onChange };
  // *Back* changes the address, and the field follows.
  useEffect(() => setSearch(filters.search), [filters.search]);
  useEffect(() => {
    if (search === latest.current.filters.search) return;
    const timer = setTimeout(() => {
      const { filters, onChange } = latest.current;
      onChange({ ...filters, search });
    }, SEARCH_DELAY);
    return () => clearTimeout(timer);
  }, [search]);
  return [search, setSearch] as const;
}
