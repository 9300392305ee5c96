import { useState } from "react";
import { useAction, useData } from "../../app/data";
import { FormError } from "../../app/FormError";
import { Loaded } from "../../app/Page";
import { AssignableRanksDocument, type MemberPartsFragment, UpdateMemberDocument } from "../../gql/graphql";
import { Alert } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { CancelButton, Dialog } from "../../ui/Dialog";
import { Choices } from "../../ui/Field";
import { toast } from "../../ui/Toast";

export function RankDialog({ member, onClose }: { member: MemberPartsFragment; onClose: () => void }) {
  const ranks = useData(AssignableRanksDocument, {});
  const { run, busy, error } = useAction(UpdateMemberDocument);
  const [rankId, setRankId] = useState(member.rank.id);
  const save = async () => {
    const { data } = await run({ input: { id: member.id, rankId } });
    const rank = data?.updateMember?.member.rank;
    if (!rank) return;
    toast(`${member.displayName} is now ${rank.name}`);
    onClose();
  };
  return (
    <Dialog
      title={`Rank of ${member.displayName}`}
      onClose={onClose}
      busy={busy}
      actions={
        <>
          <CancelButton />
          <Button variant="primary" busy={busy} disabled={rankId === member.rank.id} onClick={save}>
            Save
          </Button>
        </>
      }
    >
      <Loaded result={ranks}>
        {({ ranks }) => (
          <Choices
            label="Rank"
            labelHidden
            look="cards"
            value={rankId}
            onChange={setRankId}
            hint="The role sync with Discord then keeps this rank."
            options={ranks
              .filter(({ id, viewerActions }) => id === member.rank.id || viewerActions.includes("ASSIGN"))
              .map(({ id, name }) => ({
                value: id,
                label: name,
                ...(id === member.rank.id && { hint: "The present rank" }),
              }))}
          />
        )}
      </Loaded>
      {error && (
        <Alert>
          <FormError error={error} />
        </Alert>
      )}
    </Dialog>
  );
}
