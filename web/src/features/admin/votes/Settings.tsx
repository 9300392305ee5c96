import { useState } from "react";
import { useAction, useData } from "../../../app/data";
import { FormError } from "../../../app/FormError";
import { useUnsaved } from "../../../app/unsaved";
import {
  type DraftFragment,
  type DraftQuery,
  type UpdateCampaignInput,
  UpdateVoteDocument,
  VoteChannelsDocument,
  type VotingMethod,
} from "../../../gql/graphql";
import { Button, ButtonRow } from "../../../ui/Button";
import { Section } from "../../../ui/Card";
import { formatInstant } from "../../../ui/Countdown";
import { Checkbox, Choices, Field, Select, TextArea } from "../../../ui/Field";
import { Form } from "../../../ui/Form";
import { describeMethod, methodName } from "../../../ui/methods";
import { toast } from "../../../ui/Toast";
import styles from "./Editor.module.css";
import { inUnits, METHODS } from "./presets";
import { fromLocalInput, localZone, toLocalInput } from "./zonedTime";

interface SettingsProps {
  vote: DraftFragment;
  ranks: DraftQuery["ranks"];
  refetch: () => void;
}

const EVERYBODY = "";

/** The settings of a draft, saved together. */
export function Settings({ vote, ranks, refetch }: SettingsProps) {
  const [draft, setDraft] = useState(() => fromVote(vote));
  const { run, busy, error } = useAction(UpdateVoteDocument);
  const channels = useData(VoteChannelsDocument, {});
  const isDirty = JSON.stringify(draft) !== JSON.stringify(fromVote(vote));
  useUnsaved(isDirty);
  const set = (change: Partial<Values>) => setDraft({ ...draft, ...change });
  const picks = Number(draft.picksPerVoter);
  const seats = draft.method === "SINGLE_TRANSFERABLE_VOTE" ? Number(draft.seats) : 1;
  const start = fromLocalInput(draft.startAt);
  const hours = Number(draft.amount) * (draft.unit === "days" ? 24 : 1);
  const levels = ranks.toSorted((a, b) => a.level - b.level);

  const save = async () => {
    const { data } = await run({ input: toInput(draft, vote) });
    if (data) toast("Settings saved");
  };

  return (
    <Section title="Settings">
      <Form onSubmit={save} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
        <Field
          name="title"
          label="Title"
          required
          maxLength={200}
          value={draft.title}
          onChange={(event) => set({ title: event.currentTarget.value })}
        />
        <TextArea
          name="description"
          label="Description"
          maxLength={5_000}
          value={draft.description}
          onChange={(event) => set({ description: event.currentTarget.value })}
        />
        <Choices<VotingMethod>
          label="How ballots are counted"
          look="cards"
          value={draft.method}
          onChange={(method) => set({ method })}
          options={METHODS.map((method) => ({
            value: method,
            label: methodName(method),
            hint: describeMethod(
              method,
              picks,
              method === "SINGLE_TRANSFERABLE_VOTE" ? Number(draft.seats) : 1,
            ),
          }))}
        />
        <div className={styles.pair}>
          <Field
            name="picksPerVoter"
            label={draft.method === "WEIGHTED" ? "Picks on each ballot" : "Picks on a ballot, at most"}
            type="number"
            min={1}
            max={10}
            required
            value={draft.picksPerVoter}
            onChange={(event) => set({ picksPerVoter: event.currentTarget.value })}
          />
          {draft.method === "SINGLE_TRANSFERABLE_VOTE" && (
            <Field
              name="seats"
              label="Seats"
              type="number"
              min={1}
              max={100}
              required
              value={draft.seats}
              onChange={(event) => set({ seats: event.currentTarget.value })}
            />
          )}
        </div>
        <p className={styles.hint}>{describeMethod(draft.method, picks, seats)}</p>
        <div className={styles.pair}>
          <Select
            name="minRankLevelToVote"
            label="Who may vote"
            value={draft.minRankLevelToVote}
            onChange={(event) => set({ minRankLevelToVote: event.currentTarget.value })}
            options={levels.map((rank) => ({ value: String(rank.level), label: `${rank.name} and above` }))}
          />
          <Select
            name="minRankLevelToView"
            label="Who may see it"
            value={draft.minRankLevelToView}
            onChange={(event) => set({ minRankLevelToView: event.currentTarget.value })}
            options={[
              { value: EVERYBODY, label: "Everybody, also visitors" },
              ...levels.map((rank) => ({ value: String(rank.level), label: `${rank.name} and above` })),
            ]}
          />
        </div>
        <Select
          name="resultsVisibility"
          label="Who sees the standings before the end"
          value={draft.resultsVisibility}
          onChange={(event) =>
            set({ resultsVisibility: event.currentTarget.value as Values["resultsVisibility"] })
          }
          options={[
            { value: "AFTER_VOTING", label: "Those who have voted" },
            { value: "ALWAYS", label: "Everybody who sees the vote" },
            { value: "AFTER_CLOSE", label: "Nobody" },
          ]}
        />
        <div className={styles.pair}>
          <Field
            name="durationHours"
            label="Duration"
            type="number"
            min={1}
            required
            value={draft.amount}
            onChange={(event) => set({ amount: event.currentTarget.value })}
          />
          <Select
            label="Unit"
            value={draft.unit}
            onChange={(event) => set({ unit: event.currentTarget.value as Values["unit"] })}
            options={[
              { value: "hours", label: "Hours" },
              { value: "days", label: "Days" },
            ]}
          />
        </div>
        <Field
          name="startAt"
          label="Start by itself"
          type="datetime-local"
          hint={`In your zone, ${localZone()}. Leave it empty to start the vote by hand.`}
          value={draft.startAt}
          onChange={(event) => set({ startAt: event.currentTarget.value })}
        />
        {start && (
          <p className={styles.hint}>
            Starts on {formatInstant(start)}, and closes on{" "}
            {formatInstant(new Date(Date.parse(start) + hours * 3_600_000).toISOString())}.
          </p>
        )}
        <Checkbox
          name="earlyCloseIfAllVoted"
          label="Close as soon as everybody has voted"
          checked={draft.earlyCloseIfAllVoted}
          onChange={(event) => set({ earlyCloseIfAllVoted: event.currentTarget.checked })}
        />
        <div className={styles.pair}>
          <Select
            name="announcements"
            label="Messages in Discord"
            value={draft.announcements}
            onChange={(event) => set({ announcements: event.currentTarget.value as Values["announcements"] })}
            options={[
              { value: "OFF", label: "None" },
              { value: "QUIET", label: "Start and result" },
              { value: "NORMAL", label: "Also turnout and the last day" },
              { value: "HYPE", label: "Also each change of the lead" },
            ]}
          />
          <Select
            name="discordChannelId"
            label="Channel"
            value={draft.discordChannelId}
            onChange={(event) => set({ discordChannelId: event.currentTarget.value })}
            options={channelOptions(channels.data?.discordChannels, draft.discordChannelId)}
          />
        </div>
        {error?.reason === "STALE_DRAFT" && (
          <Button icon="refresh" onClick={refetch}>
            Take what is saved
          </Button>
        )}
        <ButtonRow end>
          {isDirty && (
            <Button variant="quiet" onClick={() => setDraft(fromVote(vote))}>
              Undo changes
            </Button>
          )}
          <Button type="submit" variant="primary" icon="check" busy={busy} disabled={!isDirty}>
            Save settings
          </Button>
        </ButtonRow>
      </Form>
    </Section>
  );
}

/** The form's values, as their controls have them. */
interface Values {
  title: string;
  description: string;
  method: VotingMethod;
  picksPerVoter: string;
  seats: string;
  minRankLevelToVote: string;
  minRankLevelToView: string;
  resultsVisibility: DraftFragment["resultsVisibility"];
  amount: string;
  unit: "hours" | "days";
  startAt: string;
  earlyCloseIfAllVoted: boolean;
  announcements: DraftFragment["announcements"];
  discordChannelId: string;
}

function fromVote(vote: DraftFragment): Values {
  const { amount, unit } = inUnits(vote.durationHours);
  return {
    title: vote.title,
    description: vote.description ?? "",
    method: vote.method,
    picksPerVoter: String(vote.picksPerVoter),
    seats: String(vote.seats),
    minRankLevelToVote: String(vote.minRankLevelToVote),
    minRankLevelToView: vote.minRankLevelToView == null ? EVERYBODY : String(vote.minRankLevelToView),
    resultsVisibility: vote.resultsVisibility,
    amount: String(amount),
    unit,
    startAt: toLocalInput(vote.startAt),
    earlyCloseIfAllVoted: vote.earlyCloseIfAllVoted,
    announcements: vote.announcements,
    discordChannelId: vote.discordChannelId ?? "",
  };
}

function toInput(values: Values, vote: DraftFragment): UpdateCampaignInput {
  return {
    id: vote.id,
    draftRevision: vote.draftRevision ?? null,
    title: values.title,
    description: values.description.trim() || null,
    method: values.method,
    picksPerVoter: Number(values.picksPerVoter),
    seats: values.method === "SINGLE_TRANSFERABLE_VOTE" ? Number(values.seats) : 1,
    minRankLevelToVote: Number(values.minRankLevelToVote),
    minRankLevelToView: values.minRankLevelToView === EVERYBODY ? null : Number(values.minRankLevelToView),
    resultsVisibility: values.resultsVisibility,
    durationHours: Number(values.amount) * (values.unit === "days" ? 24 : 1),
    startAt: fromLocalInput(values.startAt),
    earlyCloseIfAllVoted: values.earlyCloseIfAllVoted,
    announcements: values.announcements,
    discordChannelId: values.discordChannelId || null,
  };
}

/** The channels by name. The chosen one stays even if Discord does not answer. */
function channelOptions(
  channels: readonly { id: string; name: string }[] | null | undefined,
  chosen: string,
) {
  const known = (channels ?? []).map(({ id, name }) => ({ value: id, label: `#${name}` }));
  const isKnown = chosen === "" || known.some((it) => it.value === chosen);
  return [
    { value: "", label: "The guild's usual channel" },
    ...known,
    ...(isKnown ? [] : [{ value: chosen, label: `Channel ${chosen}` }]),
  ];
}
