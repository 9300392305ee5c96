import type { ReactNode } from "react";
import type { Permission } from "../gql/graphql";
import { Forbidden } from "../ui/PageState";
import { SignInLink } from "./Link";
import { permissionLabel } from "./labels";
import { Page } from "./Page";
import { useViewer } from "./viewer";

interface GuardProps {
  permission: Permission;
  /** The title of the page. */
  title: string;
  children: ReactNode;
}

/** A page for ranks with a permission. Others see which one they lack. */
export function Guard({ permission, title, children }: GuardProps) {
  const viewer = useViewer();
  if (viewer.can(permission)) return children;
  return (
    <Page title={title}>
      <Forbidden
        message={`It is for ranks with the permission “${permissionLabel(permission)}”.`}
        actions={viewer.member ? undefined : <SignInLink variant="primary" />}
      />
    </Page>
  );
}
