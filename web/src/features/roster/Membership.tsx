import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../../app/data";
import { resync } from "../../app/resync";
import {
  DeleteMemberDocument,
  EraseMemberDocument,
  type MemberAction,
  type MemberPartsFragment,
  UpdateMemberDocument,
} from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Row, Rows, Section } from "../../ui/Card";
import { ConfirmDialog } from "../../ui/Dialog";
import { toast } from "../../ui/Toast";

interface Step {
  action: MemberAction;
  title: string;
  detail: string;
  label: string;
  /** What follows, as the question says it. */
  consequence: ReactNode;
}

const STEPS: readonly Step[] = [
  {
    action: "REACTIVATE",
    title: "Reactivate",
    detail: "The member can sign in and vote again.",
    label: "Reactivate",
    consequence: "They can sign in with their old password, and count as voters again.",
  },
  {
    action: "DEACTIVATE",
    title: "Deactivate",
    detail: "For members who have left the guild.",
    label: "Deactivate",
    consequence: "They are signed out at once and cannot sign in. Ballots they have cast still count.",
  },
  {
    action: "DELETE",
    title: "Delete",
    detail: "For someone who was added by mistake and never registered.",
    label: "Delete",
    consequence: "The member and their characters leave the roster. The audit log keeps the names.",
  },
  {
    action: "ERASE",
    title: "Erase",
    detail: "Removes all that names the member, if they ask for it under privacy law.",
    label: "Erase",
    consequence:
      "Names, Discord account and characters are replaced with placeholders, also in the audit log. Ballots and results stay. This cannot be undone.",
  },
];

/** Steps that end, restore or remove a membership. */
export function Membership({ member }: { member: MemberPartsFragment }) {
  const [, navigate] = useLocation();
  const [step, setStep] = useState<Step>();
  const update = useAction(UpdateMemberDocument);
  const remove = useAction(DeleteMemberDocument);
  const erase = useAction(EraseMemberDocument);
  const steps = STEPS.filter(({ action }) => member.viewerActions.includes(action));
  // A refusal shows in its dialog, even if the member has just lost the right.
  if (steps.length === 0 && !step) return null;
  const { id, displayName } = member;
  const run = async (action: MemberAction) => {
    switch (action) {
      case "DELETE": {
        const { error } = await remove.run({ id });
        if (error) return error.message;
        resync();
        toast(`${displayName} deleted`);
        navigate("/roster", { replace: true });
        return undefined;
      }
      case "ERASE": {
        const { error } = await erase.run({ id });
        if (!error) resync();
        return error?.message;
      }
      default: {
        const { error } = await update.run({ input: { id, active: action === "REACTIVATE" } });
        if (!error) resync();
        return error?.message;
      }
    }
  };
  return (
    <Section title="Membership">
      <Rows>
        {steps.map((item) => (
          <Row
            key={item.action}
            title={item.title}
            detail={item.detail}
            end={
              <Button
                variant={item.action === "REACTIVATE" ? "secondary" : "danger"}
                onClick={() => setStep(item)}
              >
                {item.label}
              </Button>
            }
          />
        ))}
      </Rows>
      {step && (
        <ConfirmDialog
          title={`${step.title} ${displayName}?`}
          confirmLabel={step.label}
          danger={step.action !== "REACTIVATE"}
          onConfirm={() => run(step.action)}
          onClose={() => setStep(undefined)}
        >
          <p>{step.consequence}</p>
        </ConfirmDialog>
      )}
    </Section>
  );
}
