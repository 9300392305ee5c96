import { useEffect, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useAction, useData, useFetch } from "../../../app/data";
import { type AppError, isTemporary } from "../../../app/errors";
import { FormError } from "../../../app/FormError";
import { Guard } from "../../../app/Guard";
import { BackLink } from "../../../app/Link";
import { Loaded, Page } from "../../../app/Page";
import { useViewer } from "../../../app/viewer";
import {
  type CreateCampaignInput,
  CreateVoteDocument,
  type DraftFragment,
  EarlierVotesDocument,
  NewVoteRanksDocument,
  type NewVoteRanksQuery,
  VoteToCopyDocument,
} from "../../../gql/graphql";
import { Alert } from "../../../ui/Alert";
import { Button, ButtonRow } from "../../../ui/Button";
import { Card } from "../../../ui/Card";
import { serverNow } from "../../../ui/clock";
import { Choices, Field, Select } from "../../../ui/Field";
import { Form } from "../../../ui/Form";
import { describeMethod, methodName } from "../../../ui/methods";
import { toast } from "../../../ui/Toast";
import { useUnsaved } from "../../../ui/unsaved";
import { PRESETS } from "./presets";

const COPY = "copy";

/** A new draft, from a preset or an earlier vote. All else is set in the editor. */
export default function NewVotePage() {
  return (
    <Guard permission="CAMPAIGNS_MANAGE" title="New vote">
      <Contents />
    </Guard>
  );
}

function Contents() {
  const ranks = useData(NewVoteRanksDocument, {});
  return (
    <Page title="New vote" back={<BackLink href="/votes">Votes</BackLink>} width="narrow">
      <Loaded result={ranks}>{(data) => <NewVote ranks={data.ranks} />}</Loaded>
    </Page>
  );
}

function NewVote({ ranks }: { ranks: NewVoteRanksQuery["ranks"] }) {
  const { member } = useViewer();
  const [search] = useSearchParams();
  // A link from an earlier vote names it.
  const [copied, setCopied] = useState(search.get(COPY) ?? "");
  const [kind, setKind] = useState<string>(copied ? COPY : (PRESETS[0]?.id ?? COPY));
  const [title, setTitle] = useState("");
  const [, navigate] = useLocation();
  const earlier = useData(EarlierVotesDocument, { search: null }, { pause: kind !== COPY });
  const original = useData(
    VoteToCopyDocument,
    { id: copied },
    { pause: kind !== COPY || copied === "", requestPolicy: "network-only" },
  );
  const source = kind === COPY ? original.data?.campaign : undefined;
  const { run, busy: isCreating, error: refusal } = useAction(CreateVoteDocument);
  const lost = useLostDraft(member?.id);
  const busy = isCreating || lost.isReading;
  const error = lost.error ?? refusal;
  const [created, setCreated] = useState<string>();
  useUnsaved(title !== "" && created === undefined);
  // After the effect above, so that nothing counts as unsaved.
  useEffect(() => {
    if (created) navigate(`/admin/votes/${created}`, { replace: true });
  }, [created, navigate]);
  // The viewer's own rank is the highest that may be required.
  const own = ranks.find((rank) => rank.id === member?.rank.id);
  const allowed = ranks.filter((rank) => rank.level <= (own?.level ?? 0));
  const lowest = allowed.reduce<number | undefined>(
    (level, rank) => Math.min(level ?? rank.level, rank.level),
    undefined,
  );
  const preset = PRESETS.find((it) => it.id === kind);

  const create = async (values: Record<string, string>) => {
    if (kind === COPY && !source) return;
    const input = source
      ? { ...copyOf(source), title }
      : {
          ...preset?.settings,
          title,
          minRankLevelToVote: Number(values.minRankLevelToVote ?? lowest ?? 1),
          durationHours: preset?.durationHours ?? 72,
        };
    const { draft, isKnown } = await lost.find();
    if (draft) toast("Your first attempt had arrived. This is its draft.");
    if (draft || !isKnown) return setCreated(draft);
    const sentAt = serverNow();
    const { data, error } = await run({ input });
    if (error && isTemporary(error)) lost.remember({ title: title.trim(), sentAt });
    setCreated(data?.createCampaign?.campaign.id);
  };
  const earlierVotes = earlier.data?.campaigns.nodes ?? [];
  // Only the newest votes are in the list.
  const choices =
    source && !earlierVotes.some(({ id }) => id === source.id) ? [source, ...earlierVotes] : earlierVotes;

  return (
    <Card>
      <Form onSubmit={create} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
        <Field
          name="title"
          label="Title"
          hint="What the vote is about, such as “Raider of the season”."
          value={title}
          required
          maxLength={200}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Choices
          label="Kind of vote"
          look="cards"
          value={kind}
          onChange={setKind}
          options={[
            ...PRESETS.map((it) => ({ value: it.id, label: it.title, hint: it.text })),
            {
              value: COPY,
              label: "As an earlier vote",
              hint: "Its settings and entries, with a new title.",
            },
          ]}
        />
        {preset && (
          <p>
            <strong>{methodName(preset.settings.method ?? "WEIGHTED")}.</strong>{" "}
            {describeMethod(
              preset.settings.method ?? "WEIGHTED",
              preset.settings.picksPerVoter ?? 3,
              preset.settings.seats ?? 1,
            )}
          </p>
        )}
        {kind === COPY && (
          <Select
            label="Earlier vote"
            required
            value={copied}
            onChange={(event) => setCopied(event.currentTarget.value)}
            options={[
              { value: "", label: earlier.isLoading ? "Loading…" : "Choose a vote" },
              ...choices.map((it) => ({
                value: it.id,
                label: `${it.title} (${methodName(it.method)})`,
              })),
            ]}
          />
        )}
        {kind === COPY && original.error && <Alert>{original.error.message}</Alert>}
        {kind !== COPY && (
          <Select
            name="minRankLevelToVote"
            label="Who may vote"
            defaultValue={String(lowest ?? 1)}
            options={allowed
              .toSorted((a, b) => a.level - b.level)
              .map((rank, index) => ({
                value: String(rank.level),
                label: index === 0 ? `Everyone: ${rank.name} and above` : `${rank.name} and above`,
              }))}
          />
        )}
        <ButtonRow end>
          <Button
            type="submit"
            variant="primary"
            icon="plus"
            busy={busy || (kind === COPY && original.isLoading && copied !== "")}
          >
            Create draft
          </Button>
        </ButtonRow>
      </Form>
    </Card>
  );
}

/** Largest difference of this page's time to the server's, in milliseconds. */
const CLOCK_ERROR = 5_000;

/** The draft of an attempt without a response, so that the next attempt does not make another one. */
function useLostDraft(member: string | undefined) {
  const read = useFetch();
  const [attempt, setAttempt] = useState<{ title: string; sentAt: number }>();
  const [isReading, setReading] = useState(false);
  const [error, setError] = useState<AppError>();
  /** Resolves with the id of the draft, if the attempt arrived, and with whether that is known. */
  const find = async (): Promise<{ draft?: string | undefined; isKnown: boolean }> => {
    if (!attempt) return { isKnown: true };
    setReading(true);
    const { data, error } = await read(EarlierVotesDocument, { search: attempt.title });
    setReading(false);
    setError(error);
    const draft = data?.campaigns.nodes.find(
      ({ title, status, createdAt, createdBy }) =>
        title === attempt.title &&
        status === "DRAFT" &&
        createdBy?.id === member &&
        Date.parse(createdAt) > attempt.sentAt - CLOCK_ERROR,
    );
    return { draft: draft?.id, isKnown: data !== undefined };
  };
  return { find, remember: setAttempt, isReading, error };
}

/** The settings and entries of a vote, for another one. */
function copyOf(vote: DraftFragment): Omit<CreateCampaignInput, "title"> {
  return {
    description: vote.description ?? null,
    method: vote.method,
    picksPerVoter: vote.picksPerVoter,
    seats: vote.seats,
    minRankLevelToVote: vote.minRankLevelToVote,
    minRankLevelToView: vote.minRankLevelToView ?? null,
    durationHours: vote.durationHours,
    earlyCloseIfAllVoted: vote.earlyCloseIfAllVoted,
    resultsVisibility: vote.resultsVisibility,
    announcements: vote.announcements,
    discordChannelId: vote.discordChannelId ?? null,
    entries: vote.entries.map(({ name, description, imageUrl, associatedMember }) => ({
      name,
      description: description ?? null,
      imageUrl: imageUrl ?? null,
      associatedMemberId: associatedMember?.id ?? null,
    })),
  };
}
