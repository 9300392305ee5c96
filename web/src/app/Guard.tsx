import { type ReactNode, useState } from "react";
import type { Permission } from "../gql/graphql";
import { Alert } from "../ui/Alert";
import { Forbidden } from "../ui/PageState";
import { SignInLink } from "./Link";
import { permissionLabel } from "./labels";
import { Page, PageNotice } from "./Page";
import { useViewer } from "./viewer";

interface GuardProps {
  permission: Permission;
  /** The title of the page. */
  title: string;
  children: ReactNode;
}

/**
 * A page for ranks with a permission. Others see which one they lack. A permission that is lost while the page is open leaves
 * the page as it is, with what was typed and the codes that show only once.
 */
export function Guard({ permission, title, children }: GuardProps) {
  const viewer = useViewer();
  const isAllowed = viewer.can(permission);
  const [wasAllowed, setAllowed] = useState(isAllowed);
  if (isAllowed && !wasAllowed) setAllowed(true);
  if (!isAllowed && !wasAllowed) {
    return (
      <Page title={title}>
        <Forbidden
          message={`It is for ranks with the permission “${permissionLabel(permission)}”.`}
          actions={viewer.member ? undefined : <SignInLink variant="primary" />}
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
