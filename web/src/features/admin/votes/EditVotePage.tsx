import { useState } from "react";
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
import { EntryEditor } from "./EntryEditor";
import { Settings } from "./Settings";
import { StartVote } from "./StartVote";

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
  useCampaignChanges(result.refetch);
  return (
    <Page
      title={result.data && !vote ? "Prepare a vote" : vote?.title}
      back={<BackLink href="/votes">Votes</BackLink>}
      subtitle={
        vote && <Badge>{vote.status === "DRAFT" ? (vote.startAt ? "Scheduled" : "Draft") : "Started"}</Badge>
      }
      actions={
        vote && (
          <LinkButton href={`/votes/${vote.id}`} icon="eye">
            {vote.status === "DRAFT" ? "Preview" : "Open the vote"}
          </LinkButton>
        )
      }
    >
      <Loaded result={result}>
        {(data) =>
          data.campaign ? (
            <Editor vote={data.campaign} ranks={data.ranks} refetch={result.refetch} />
          ) : (
            <NotFound what="vote" />
          )
        }
      </Loaded>
    </Page>
  );
}

interface EditorProps {
  vote: DraftFragment;
  ranks: DraftQuery["ranks"];
  refetch: () => void;
}

function Editor({ vote, ranks, refetch }: EditorProps) {
  if (vote.status !== "DRAFT") {
    return (
      <Notice icon="lock">
        The vote has started, so that its settings and entries are fixed. Its page has the next steps.
      </Notice>
    );
  }
  return (
    <>
      <EntryEditor vote={vote} refetch={refetch} />
      <Settings vote={vote} ranks={ranks} refetch={refetch} />
      <StartVote vote={vote} ranks={ranks} />
      <DeleteDraft vote={vote} />
    </>
  );
}

function DeleteDraft({ vote }: { vote: DraftFragment }) {
  const [isAsking, setAsking] = useState(false);
  const [, navigate] = useLocation();
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
            navigate("/votes", { replace: true });
            return undefined;
          }}
        >
          <p>Its settings and its {vote.entries.length} entries are lost.</p>
        </ConfirmDialog>
      )}
    </Section>
  );
}
