import { useState } from "react";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { LinkButton } from "../../app/Link";
import { useViewer } from "../../app/viewer";
import {
  ArchiveVoteDocument,
  type CampaignAction,
  CancelVoteDocument,
  CloseVoteDocument,
  SetVoteOutcomeDocument,
  type VoteDetailsFragment,
} from "../../gql/graphql";
import { Alert } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { CancelButton, ConfirmDialog, Dialog } from "../../ui/Dialog";
import { TextArea } from "../../ui/Field";
import { toast } from "../../ui/Toast";

/** What officers can do with a vote that has started, as far as the server allows it to the viewer. */
export function Steps({ vote }: { vote: VoteDetailsFragment }) {
  const [open, setOpen] = useState<CampaignAction>();
  const close = () => setOpen(undefined);
  const can = (action: CampaignAction) => vote.viewerActions.includes(action);
  const viewer = useViewer();
  const isOfficer = viewer.can("CAMPAIGNS_MANAGE");
  // A refusal shows in its dialog, even if the member has just lost the right.
  if ((!isOfficer && !open) || vote.status === "DRAFT") return null;
  return (
    <div className="no-print">
      <Section title="Steps" description="For officers.">
        <ButtonRow>
          {can("SET_OUTCOME") && (
            <Button icon="edit" onClick={() => setOpen("SET_OUTCOME")}>
              {vote.outcome ? "Change the outcome" : "Write the outcome"}
            </Button>
          )}
          {can("CLOSE") && (
            <Button icon="check" onClick={() => setOpen("CLOSE")}>
              Close now
            </Button>
          )}
          {can("ARCHIVE") && (
            <Button icon="file" onClick={() => setOpen("ARCHIVE")}>
              Archive
            </Button>
          )}
          {can("CANCEL") && (
            <Button variant="danger" icon="close" onClick={() => setOpen("CANCEL")}>
              Cancel the vote
            </Button>
          )}
          {isOfficer && (
            <LinkButton href={`/admin/votes/new?copy=${vote.id}`} icon="copy">
              Copy to a new vote
            </LinkButton>
          )}
        </ButtonRow>
        {open === "CLOSE" && <CloseDialog vote={vote} onClose={close} />}
        {open === "ARCHIVE" && <ArchiveDialog vote={vote} onClose={close} />}
        {open === "CANCEL" && <CancelDialog vote={vote} onClose={close} />}
        {open === "SET_OUTCOME" && <OutcomeDialog vote={vote} onClose={close} />}
      </Section>
    </div>
  );
}

interface StepProps {
  vote: VoteDetailsFragment;
  onClose: () => void;
}

function CloseDialog({ vote, onClose }: StepProps) {
  const { run } = useAction(CloseVoteDocument);
  const { voted, eligible } = vote.turnout;
  return (
    <ConfirmDialog
      title="Close this vote now?"
      confirmLabel="Close the vote"
      onClose={onClose}
      onConfirm={async () => {
        const { error } = await run({ id: vote.id });
        if (!error) toast("The vote is closed");
        return error?.message;
      }}
    >
      <p>
        {voted} of {eligible} have voted. No one can vote afterwards. The result is published at once to
        everyone who sees the vote, with all ballots but without their voters.
      </p>
    </ConfirmDialog>
  );
}

function ArchiveDialog({ vote, onClose }: StepProps) {
  const { run } = useAction(ArchiveVoteDocument);
  return (
    <ConfirmDialog
      title="Archive this vote?"
      confirmLabel="Archive"
      onClose={onClose}
      onConfirm={async () => {
        const { error } = await run({ id: vote.id });
        if (!error) toast("The vote is in the archive");
        return error?.message;
      }}
    >
      <p>It leaves the list of past votes and stays in the archive, with its result and its ballots.</p>
    </ConfirmDialog>
  );
}

function CancelDialog({ vote, onClose }: StepProps) {
  const { run, busy, error } = useAction(CancelVoteDocument);
  const [reason, setReason] = useState("");
  const cancel = async () => {
    const { data } = await run({ input: { id: vote.id, reason } });
    if (!data) return;
    toast("The vote is cancelled");
    onClose();
  };
  return (
    <Dialog
      title="Cancel this vote?"
      onClose={onClose}
      busy={busy}
      actions={
        <>
          <CancelButton>Keep it open</CancelButton>
          <Button variant="danger" busy={busy} disabled={reason.trim() === ""} onClick={cancel}>
            Cancel the vote
          </Button>
        </>
      }
    >
      <p>
        It ends without a result. The {vote.turnout.voted} ballots are kept but never counted, and no one sees
        standings. This cannot be undone.
      </p>
      <TextArea
        label="Reason"
        hint="All members who see the vote read it."
        required
        maxLength={500}
        value={reason}
        error={error?.fields.reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {error && !error.fields.reason && (
        <Alert>
          <FormError error={error} />
        </Alert>
      )}
    </Dialog>
  );
}

function OutcomeDialog({ vote, onClose }: StepProps) {
  const { run, busy, error } = useAction(SetVoteOutcomeDocument);
  const [outcome, setOutcome] = useState(vote.outcome ?? "");
  const save = async () => {
    const { data } = await run({ input: { campaignId: vote.id, outcome: outcome.trim() || null } });
    if (!data) return;
    toast(outcome.trim() === "" ? "The outcome is removed" : "The outcome is published");
    onClose();
  };
  return (
    <Dialog
      title="What is the outcome of this vote?"
      onClose={onClose}
      busy={busy}
      actions={
        <>
          <CancelButton>Back</CancelButton>
          <Button variant="primary" busy={busy} onClick={save}>
            Save
          </Button>
        </>
      }
    >
      <TextArea
        label="Outcome"
        hint="What the officers decided after the result. Leave it empty to remove it."
        maxLength={2_000}
        value={outcome}
        error={error?.fields.outcome}
        onChange={(event) => setOutcome(event.currentTarget.value)}
      />
      {error && !error.fields.outcome && (
        <Alert>
          <FormError error={error} />
        </Alert>
      )}
    </Dialog>
  );
}
