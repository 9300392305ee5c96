import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useCampaignChanges } from "../../../app/campaignChanges";
import { useAction, useData } from "../../../app/data";
import { Guard } from "../../../app/Guard";
import { BackLink, LinkButton } from "../../../app/Link";
import { Loaded, Page } from "../../../app/Page";
import { DeleteVoteDocument, DraftDocument, type DraftFragment, type DraftQuery } from "../../../gql/graphql";
import { Notice } from "../../../ui/Alert";
import { Button } from "../../../ui/Button";
import { Badge, Section } from "../../../ui/Card";
import { ConfirmDialog } from "../../../ui/Dialog";
import { NotFound } from "../../../ui/PageState";
import { toast } from "../../../ui/Toast";
import { useUnsaved } from "../../../ui/unsaved";
import { EntryEditor } from "./EntryEditor";
import { ReadOnlyDraft } from "./ReadOnlyDraft";
import { Settings } from "./Settings";
import { StartVote } from "./StartVote";
import { UnsavedText } from "./UnsavedText";
import { type DraftEdits, useDraftEdits } from "./useDraftEdits";

/** A draft while officers prepare it. */
export default function EditVotePage({ params: { id = "" } }: { params: { id?: string } }) {
  return (
    <Guard permission="CAMPAIGNS_MANAGE" title="Prepare a vote">
      <Contents id={id} />
    </Guard>
  );
}

function Contents({ id }: { id: string }) {
  const result = useData(DraftDocument, { id });
  const vote = result.data?.campaign;
  // A colleague may delete the draft while it is edited.
  const [seen, setSeen] = useState(vote);
  if (vote && vote !== seen) setSeen(vote);
  useCampaignChanges(result.refetch);
  return (
    <Page
      title={result.data && !vote ? "Prepare a vote" : vote?.title}
      back={<BackLink href="/votes">Votes</BackLink>}
      subtitle={vote && <Badge>{stateOf(vote)}</Badge>}
      actions={
        vote && (
          <LinkButton href={`/votes/${vote.id}`} icon="eye">
            {vote.status === "DRAFT" ? "Preview" : "Open the vote"}
          </LinkButton>
        )
      }
    >
      <Loaded result={result}>
        {({ campaign, ranks }) => {
          const draft = campaign ?? (seen?.id === id ? seen : undefined);
          if (!draft) return <NotFound what="vote" />;
          return <Editor key={id} vote={draft} isGone={!campaign} ranks={ranks} refetch={result.refetch} />;
        }}
      </Loaded>
    </Page>
  );
}

function stateOf({ status, startAt, activationBlockers }: DraftFragment) {
  if (status !== "DRAFT") return "Started";
  return startAt && !activationBlockers?.includes("DEADLINE_PASSED") ? "Scheduled" : "Draft";
}

interface EditorProps {
  vote: DraftFragment;
  isGone: boolean;
  ranks: DraftQuery["ranks"];
  refetch: () => void;
}

function Editor({ vote, isGone, ranks, refetch }: EditorProps) {
  const edits = useDraftEdits(vote);
  const [isDeleted, setDeleted] = useState(false);
  const [, navigate] = useLocation();
  useUnsaved(edits.isDirty && !isDeleted);
  // After the effect above, so that nothing counts as unsaved.
  useEffect(() => {
    if (isDeleted) navigate("/votes", { replace: true });
  }, [isDeleted, navigate]);
  if (isGone || vote.status !== "DRAFT") {
    return (
      <>
        {isGone ? (
          <NotFound what="vote" />
        ) : (
          <Notice icon="lock">
            The vote has started, so that its settings and entries are fixed. Its page has the next steps.
          </Notice>
        )}
        {edits.isDirty && !isDeleted && <UnsavedText edits={edits} ranks={ranks} />}
      </>
    );
  }
  const canEdit = vote.viewerActions.includes("EDIT");
  return (
    <>
      {canEdit ? (
        <>
          <EntryEditor vote={vote} edits={edits} refetch={refetch} />
          <Settings vote={vote} edits={edits} ranks={ranks} refetch={refetch} />
        </>
      ) : (
        <>
          <ReadOnlyDraft vote={vote} ranks={ranks} />
          {edits.isDirty && <UnsavedText edits={edits} ranks={ranks} />}
        </>
      )}
      <StartVote vote={vote} unsaved={canEdit ? unsavedOf(edits) : undefined} ranks={ranks} />
      <DeleteDraft vote={vote} onDeleted={() => setDeleted(true)} />
    </>
  );
}

/** What a start waits for. */
function unsavedOf({ entries, settings, isDirty }: DraftEdits) {
  const isSaving = entries.isSaving || settings.isSaving;
  if (!isDirty && !isSaving) return undefined;
  const isTyped = entries.newName.trim() !== "";
  const isChanged = entries.isDirty || settings.isDirty || entries.typed.length > 0;
  return [
    isTyped && "Add or clear the entry that you typed.",
    isSaving ? "Your changes are being saved." : isChanged && "Save your changes first.",
  ]
    .filter(Boolean)
    .join(" ");
}

function DeleteDraft({ vote, onDeleted }: { vote: DraftFragment; onDeleted: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const { run } = useAction(DeleteVoteDocument);
  if (!vote.viewerActions.includes("DELETE")) return null;
  return (
    <Section
      title="Delete the draft"
      description="Only drafts can be deleted. Started votes stay in the archive."
    >
      <Button variant="danger" icon="trash" onClick={() => setAsking(true)}>
        Delete draft
      </Button>
      {isAsking && (
        <ConfirmDialog
          title="Delete this draft?"
          confirmLabel="Delete draft"
          danger
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            const { error } = await run({ id: vote.id });
            if (error) return error.message;
            toast("Draft deleted");
            onDeleted();
            return undefined;
          }}
        >
          <p>Its settings and its {vote.entries.length} entries are lost.</p>
        </ConfirmDialog>
      )}
    </Section>
  );
}
