import { useState } from "react";
import { describeDelivery, inviteLink, isDelivered, resetLink } from "../../app/codeLinks";
import { useAction } from "../../app/data";
import { InviteMemberDocument, type MemberPartsFragment, SendResetCodeDocument } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { CodeDialog } from "../../ui/CodeDialog";
import { ConfirmDialog } from "../../ui/Dialog";
import { toast } from "../../ui/Toast";
import { LEAVE_CODES, useUnsaved } from "../../ui/unsaved";
import { MemberDialog } from "./MemberDialog";

interface Code {
  kind: "invite" | "reset";
  code: string;
  expiresAt: string;
  delivery: string;
}

/** What the viewer may do with the member, beside the title. */
export function MemberActions({ member }: { member: MemberPartsFragment }) {
  const { viewerActions, displayName } = member;
  const [isEditing, setEditing] = useState(false);
  const [isResetting, setResetting] = useState(false);
  const [code, setCode] = useState<Code>();
  const invite = useAction(InviteMemberDocument);
  const reset = useAction(SendResetCodeDocument);
  useUnsaved(invite.busy || reset.busy, LEAVE_CODES);
  const username = member.discordUsername ?? "";
  return (
    <>
      {viewerActions.includes("SEND_RESET_CODE") && (
        <Button icon="lock" onClick={() => setResetting(true)}>
          Reset code
        </Button>
      )}
      {viewerActions.includes("EDIT") && (
        <Button icon="edit" onClick={() => setEditing(true)}>
          Edit
        </Button>
      )}
      {viewerActions.includes("INVITE") && (
        <Button
          variant="primary"
          icon="mail"
          busy={invite.busy}
          onClick={async () => {
            const { data, error } = await invite.run({ id: member.id });
            if (data?.sendInvite) setCode({ kind: "invite", ...data.sendInvite });
            else if (error) toast(error.message, { tone: "danger" });
          }}
        >
          Invite
        </Button>
      )}
      {isEditing && <MemberDialog member={member} onClose={() => setEditing(false)} />}
      {isResetting && (
        <ConfirmDialog
          title={`Send ${displayName} a reset code?`}
          confirmLabel="Make a reset code"
          onConfirm={async () => {
            const { data, error } = await reset.run({ id: member.id });
            if (data?.sendResetCode) setCode({ kind: "reset", ...data.sendResetCode });
            return error?.message;
          }}
          onClose={() => setResetting(false)}
        >
          <p>
            With it, they set a new password, which ends their other sessions. An earlier code becomes void.
          </p>
        </ConfirmDialog>
      )}
      {code && (
        <CodeDialog
          title={code.kind === "invite" ? `Invite for ${displayName}` : `Reset code for ${displayName}`}
          linkLabel={code.kind === "invite" ? "Invite link" : "Reset link"}
          link={(code.kind === "invite" ? inviteLink : resetLink)(code.code, username)}
          code={code.code}
          expiresAt={code.expiresAt}
          delivery={describeDelivery(code.delivery)}
          isDelivered={isDelivered(code.delivery)}
          onClose={() => setCode(undefined)}
        />
      )}
    </>
  );
}
