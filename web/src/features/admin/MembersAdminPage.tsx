import { useEffect, useState } from "react";
import { useAction } from "../../app/data";
import { Guard } from "../../app/Guard";
import { LinkButton } from "../../app/Link";
import { ErrorState, Page } from "../../app/Page";
import { type Pages, usePages } from "../../app/pages";
import { resync } from "../../app/resync";
import { useViewer } from "../../app/viewer";
import { DeleteInviteeDocument, type InviteeFragment, UnregisteredDocument } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Empty, Skeleton } from "../../ui/PageState";
import { toast } from "../../ui/Toast";
import { InviteeRows } from "./InviteeRows";
import { InviteSheet } from "./InviteSheet";
import styles from "./MembersAdminPage.module.css";
import { type InviteProgress, type Invites, useInvites } from "./useInvites";

const PAGE_SIZE = 100;
/** Time after the last key until the search runs, in milliseconds. */
const SEARCH_DELAY = 250;

export default function MembersAdminPage() {
  return (
    <Guard permission="MEMBERS_INVITE" title="Invites">
      <Invitees />
    </Guard>
  );
}

function Invitees() {
  const viewer = useViewer();
  const [search, setSearch] = useDelayed("");
  const members = usePages(
    UnregisteredDocument,
    (after) => ({
      first: PAGE_SIZE,
      after: after ?? null,
      search: search.applied.trim() || null,
      withTotal: after === undefined,
    }),
    ({ members }) => members,
  );
  const [result, setResult] = useState<Invites>();
  const { send, progress } = useInvites();
  const invite = async (ids: readonly string[]) => setResult(await send(ids));
  const nameOf = (id: string) => members.nodes.find((member) => member.id === id)?.displayName ?? "A member";
  return (
    <Page
      title="Invites"
      subtitle="Members of the roster who have not registered yet"
      actions={
        viewer.can("MEMBERS_MANAGE") && (
          <LinkButton href="/admin/import" icon="upload">
            Import
          </LinkButton>
        )
      }
    >
      {result ? (
        <InviteSheet result={result} nameOf={nameOf} onDone={() => setResult(undefined)} />
      ) : (
        <>
          {(search.typed || members.nodes.length > 0) && (
            <search>
              <Field
                type="search"
                label="Search"
                labelHidden
                placeholder="Search by name"
                value={search.typed}
                onChange={(event) => setSearch(event.target.value)}
                autoComplete="off"
                maxLength={200}
              />
            </search>
          )}
          <Contents
            members={members}
            onInvite={invite}
            progress={progress}
            isSearch={search.applied !== ""}
          />
        </>
      )}
    </Page>
  );
}

interface ContentsProps {
  members: Pages<InviteeFragment>;
  onInvite: (ids: readonly string[]) => void;
  progress: InviteProgress | undefined;
  isSearch: boolean;
}

function Contents({ members, onInvite, progress, isSearch }: ContentsProps) {
  const { nodes, total, isLoading, error, hasMore, loadMore, refetch } = members;
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [removed, setRemoved] = useState<InviteeFragment>();
  const remove = useAction(DeleteInviteeDocument);
  if (isLoading) return <Skeleton rows={6} />;
  if (error && nodes.length === 0) return <ErrorState error={error} onRetry={refetch} />;
  if (nodes.length === 0) {
    return isSearch ? (
      <Empty icon="search" title="No one matches">
        <p>Members who have registered are on the roster.</p>
      </Empty>
    ) : (
      <Empty icon="check" title="Everyone has registered">
        <p>New members appear here after you add or import them.</p>
      </Empty>
    );
  }
  const invitable = nodes.filter(({ viewerActions }) => viewerActions.includes("INVITE"));
  const chosen = invitable.filter(({ id }) => selected.has(id));
  return (
    <>
      <div className={styles.bar}>
        <p>
          {total === 1 ? "One member" : `${(total ?? nodes.length).toLocaleString()} members`}
          {chosen.length > 0 && `, ${chosen.length} selected`}
        </p>
        <div className={styles.buttons}>
          <Button
            small
            onClick={() =>
              setSelected(
                chosen.length === invitable.length ? new Set() : new Set(invitable.map(({ id }) => id)),
              )
            }
          >
            {chosen.length === invitable.length && chosen.length > 0 ? "Select none" : "Select all"}
          </Button>
          <Button
            variant="primary"
            icon="mail"
            busy={progress !== undefined}
            disabled={chosen.length === 0}
            onClick={() => onInvite(chosen.map(({ id }) => id))}
          >
            {progress
              ? `Inviting, ${progress.done} of ${progress.memberIds.length}…`
              : `Invite${chosen.length > 0 ? ` ${chosen.length}` : ""}`}
          </Button>
        </div>
      </div>
      <InviteeRows
        members={nodes}
        selected={selected}
        inviting={progress?.memberIds}
        onSelect={setSelected}
        onInvite={(id) => onInvite([id])}
        onDelete={setRemoved}
      />
      {hasMore && <Button onClick={loadMore}>Show more</Button>}
      {removed && (
        <ConfirmDialog
          title={`Delete ${removed.displayName}?`}
          confirmLabel="Delete"
          danger
          onConfirm={async () => {
            const { error } = await remove.run({ id: removed.id });
            if (error) return error.message;
            toast(`${removed.displayName} deleted`);
            resync();
            return undefined;
          }}
          onClose={() => setRemoved(undefined)}
        >
          <p>
            For someone who was added by mistake. The member and their characters leave the roster, and an
            open invite becomes void.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

/** A text, as typed and as it was a moment ago. */
function useDelayed(initial: string) {
  const [typed, setTyped] = useState(initial);
  const [applied, setApplied] = useState(initial);
  useEffect(() => {
    const timer = setTimeout(() => setApplied(typed), SEARCH_DELAY);
    return () => clearTimeout(timer);
  }, [typed]);
  return [{ typed, applied }, setTyped] as const;
}
