import { type ReactNode, useEffect, useState } from "react";
import type { Permission } from "../gql/graphql";
import { Alert } from "../ui/Alert";
import { Button } from "../ui/Button";
import { Forbidden } from "../ui/PageState";
import { SignInLink } from "./Link";
import { permissionLabel } from "./labels";
import { Page, PageNotice } from "./Page";
import { onSuccess } from "./resync";
import { useViewer } from "./viewer";

interface GuardProps {
  permission: Permission;
  /** The title of the page. */
  title: string;
  children: ReactNode;
}

/**
 * A page for ranks with a permission. Others see which one they lack. A permission that is lost while the page is open leaves
 * the page as it is, with what was typed and the codes that show only once. A permission that comes back is noticed by the
 * next page or change.
 */
export function Guard({ permission, title, children }: GuardProps) {
  const viewer = useViewer();
  const isAllowed = viewer.can(permission);
  const [wasAllowed, setAllowed] = useState(isAllowed);
  if (isAllowed && !wasAllowed) setAllowed(true);
  const { refetch } = viewer;
  const isMissing = !isAllowed && viewer.member !== null;
  const isClosed = isMissing && !wasAllowed;
  useEffect(() => {
    if (isClosed) refetch();
  }, [isClosed, refetch]);
  useEffect(() => (isMissing ? onSuccess(refetch) : undefined), [isMissing, refetch]);
  if (!isAllowed && !wasAllowed) {
    return (
      <Page title={title}>
        <Forbidden
          message={`It is for ranks with the permission “${permissionLabel(permission)}”.`}
          actions={
            viewer.member ? (
              <Button icon="refresh" onClick={refetch}>
                Try again
              </Button>
            ) : (
              <SignInLink variant="primary" />
            )
          }
        />
      </Page>
    );
  }
  const notice = !isAllowed && (
    <Alert icon="lock">
      Your rank no longer has the permission “{permissionLabel(permission)}”. Copy what you need from this
      page: nothing on it can be saved now.
    </Alert>
  );
  return <PageNotice value={notice}>{children}</PageNotice>;
}
