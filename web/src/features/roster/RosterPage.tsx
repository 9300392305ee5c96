import { useState } from "react";
import { useSearchParams } from "wouter";
import { useData } from "../../app/data";
import { LinkButton } from "../../app/Link";
import { ErrorState, Page } from "../../app/Page";
import { usePages } from "../../app/pages";
import { useViewer } from "../../app/viewer";
import { RosterFiltersDocument, RosterPageDocument } from "../../gql/graphql";
import { Notice } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/PageState";
import { type Filters, readFilters, toVariables, writeFilters } from "./filters";
import { MemberDialog } from "./MemberDialog";
import { MemberTable, PAGE_SIZE } from "./MemberTable";
import { RosterFilters } from "./RosterFilters";

export default function RosterPage() {
  const viewer = useViewer();
  const [params, setParams] = useSearchParams();
  const [isAdding, setAdding] = useState(false);
  const filters = readFilters(params);
  const setFilters = (next: Filters) => setParams(writeFilters(next), { replace: true });
  const { data } = useData(RosterFiltersDocument, {});
  const ranks = data?.ranks ?? [];
  const { filter, orderBy } = toVariables(filters);
  const roster = usePages(
    RosterPageDocument,
    (after) => ({ first: PAGE_SIZE, after: after ?? null, filter, orderBy, withTotal: after === undefined }),
    ({ members }) => members,
  );
  const canManage = viewer.can("MEMBERS_MANAGE");
  return (
    <Page
      title="Roster"
      width="wide"
      subtitle={roster.total !== undefined && countOf(roster.total)}
      actions={
        canManage && (
          <>
            <LinkButton href="/admin/import" icon="upload">
              Import
            </LinkButton>
            <Button variant="primary" icon="plus" onClick={() => setAdding(true)}>
              Add a member
            </Button>
          </>
        )
      }
    >
      <RosterFilters filters={filters} onChange={setFilters} ranks={ranks} />
      <Contents roster={roster} onClear={() => setParams(new URLSearchParams(), { replace: true })} />
      {isAdding && <MemberDialog ranks={ranks} onClose={() => setAdding(false)} />}
    </Page>
  );
}

interface ContentsProps {
  roster: ReturnType<
    typeof usePages<never, never, Parameters<typeof MemberTable>[0]["roster"]["nodes"][number]>
  >;
  onClear: () => void;
}

function Contents({ roster, onClear }: ContentsProps) {
  const { nodes, isLoading, error, refetch } = roster;
  if (isLoading) return <Skeleton rows={10} />;
  if (error && nodes.length === 0) return <ErrorState error={error} onRetry={refetch} />;
  if (nodes.length === 0) {
    return (
      <Empty
        icon="search"
        title="No one matches"
        actions={<Button onClick={onClear}>Clear the filters</Button>}
      >
        <p>Try another spelling or fewer filters.</p>
      </Empty>
    );
  }
  return (
    <>
      {error && (
        <Notice
          icon="offline"
          actions={
            <Button small onClick={refetch}>
              Try again
            </Button>
          }
        >
          {error.message}
        </Notice>
      )}
      <MemberTable roster={roster} />
    </>
  );
}

const countOf = (total: number) => (total === 1 ? "1 member" : `${total.toLocaleString()} members`);
