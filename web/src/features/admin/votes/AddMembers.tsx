import { useDeferredValue, useState } from "react";
import { useData } from "../../../app/data";
import { Loaded } from "../../../app/Page";
import { FindMembersDocument } from "../../../gql/graphql";
import { announce } from "../../../ui/announce";
import { Button } from "../../../ui/Button";
import { Row, Rows } from "../../../ui/Card";
import { Dialog } from "../../../ui/Dialog";
import { Field } from "../../../ui/Field";
import { MAX_ENTRIES } from "./entries";

interface AddMembersProps {
  /** Members whom an entry is about already. */
  taken: readonly string[];
  /** Whether the list has no room for another entry. */
  isFull: boolean;
  onAdd: (member: { id: string; displayName: string }) => void;
  onClose: () => void;
}

/** Adds members of the roster as entries. */
export function AddMembers({ taken, isFull, onAdd, onClose }: AddMembersProps) {
  const [search, setSearch] = useState("");
  const result = useData(FindMembersDocument, { search: useDeferredValue(search.trim()) });
  return (
    <Dialog
      title="Add members"
      onClose={onClose}
      actions={
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <Field
        label="Find a member"
        type="search"
        maxLength={200}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {isFull && <p>A vote has at most {MAX_ENTRIES} entries.</p>}
      <Loaded result={result}>
        {({ members }) =>
          members.nodes.length === 0 ? (
            <p>No member has this in their name.</p>
          ) : (
            <Rows label="Members">
              {members.nodes.map((member) => {
                const isTaken = taken.includes(member.id);
                return (
                  <Row
                    key={member.id}
                    title={<span dir="auto">{member.displayName}</span>}
                    detail={member.rank.name}
                    end={
                      <Button
                        small
                        icon={isTaken ? "check" : "plus"}
                        aria-disabled={isTaken || isFull || undefined}
                        aria-label={isTaken ? `${member.displayName} is added` : `Add ${member.displayName}`}
                        onClick={() => {
                          if (isTaken || isFull) return;
                          onAdd({ id: member.id, displayName: member.displayName });
                          announce(`${member.displayName}: added.`);
                        }}
                      >
                        {isTaken ? "Added" : "Add"}
                      </Button>
                    }
                  />
                );
              })}
            </Rows>
          )
        }
      </Loaded>
    </Dialog>
  );
}
