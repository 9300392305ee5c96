import type { ReactNode } from "react";
import { Alert } from "../ui/Alert";
import { Button, ButtonRow } from "../ui/Button";
import { Skeleton } from "../ui/PageState";
import { ErrorState } from "./Page";
import type { Pages } from "./pages";

interface LoadedPagesProps<Node> {
  pages: Pages<Node>;
  /** Shows while the first page loads. */
  skeleton?: ReactNode;
  /** Shows if the list has no items. */
  empty: ReactNode;
  children: (nodes: readonly Node[]) => ReactNode;
}

/** Shows a list of `usePages` with a button for its next page, or why there is nothing to show. */
export function LoadedPages<Node>({
  pages,
  skeleton = <Skeleton />,
  empty,
  children,
}: LoadedPagesProps<Node>) {
  const { nodes, isLoading, error, hasMore, loadMore, refetch } = pages;
  if (isLoading) return skeleton;
  if (nodes.length === 0) return error ? <ErrorState error={error} onRetry={refetch} /> : empty;
  return (
    <>
      {children(nodes)}
      {error && (
        <Alert
          actions={
            <Button small icon="refresh" onClick={refetch}>
              Try again
            </Button>
          }
        >
          {error.message}
        </Alert>
      )}
      {hasMore && (
        <ButtonRow>
          <Button onClick={loadMore}>Show more</Button>
        </ButtonRow>
      )}
    </>
  );
}
