import { useAction, useData } from "../../../app/data";
import { FormError } from "../../../app/FormError";
import { useUnsaved } from "../../../app/unsaved";
import {
  type DraftFragment,
  type DraftQuery,
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
import { METHODS } from "./presets";
import { StaleDraft } from "./StaleDraft";
import {
  ANNOUNCEMENTS,
  areEqual,
  channelOptions,
  differences,
  EVERYBODY,
  fromVote,
  hoursOf,
  RESULTS,
  toInput,
  type Settings as Values,
} from "./settings";
import { useEdited } from "./useEdited";
import { fromLocalInput, localZone } from "./zonedTime";

interface SettingsProps {
  vote: DraftFragment;
  ranks: DraftQuery["ranks"];
  refetch: () => void;
}

/** The settings of a draft, saved together. */
export function Settings({ vote, ranks, refetch }: SettingsProps) {
  const edited = useEdited(vote, { read: fromVote, areEqual });
  const { value: draft, isDirty, theirs } = edited;
  const { run, busy, error, reset } = useAction(UpdateVoteDocument);
  const channels = useData(VoteChannelsDocument, {});
  useUnsaved(isDirty);
  const set = (change: Partial<Values>) => edited.setValue({ ...draft, ...change });
  const picks = Number(draft.picksPerVoter);
  const start = fromLocalInput(draft.startAt);
  const levels = ranks.toSorted((a, b) => a.level - b.level);

  const save = async () => {
    const { data, error } = await run({
      input: toInput(draft, { id: vote.id, draftRevision: edited.revision }),
    });
    if (error?.reason === "STALE_DRAFT") refetch();
    if (!data?.updateCampaign) return;
    edited.reset(data.updateCampaign.campaign);
    toast("Settings saved");
  };
  const resolve = (choice: () => void) => () => {
    reset();
    choice();
  };

  return (
    <Section title="Settings">
      <Form
        onSubmit={save}
        fieldErrors={theirs ? undefined : error?.fields}
        error={!theirs && error && <FormError error={error} />}
      >
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
              { value: EVERYBODY, label: "Everyone, also visitors" },
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
          options={[...RESULTS]}
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
          label="Start automatically"
          type="datetime-local"
          hint={`In your time zone, ${localZone()}. Leave it empty to start the vote yourself.`}
          value={draft.startAt}
          onChange={(event) => set({ startAt: event.currentTarget.value })}
        />
        {start && (
          <p className={styles.hint}>
            Starts on {formatInstant(start)}, and closes on{" "}
            {formatInstant(new Date(Date.parse(start) + hoursOf(draft) * 3_600_000).toISOString())}.
          </p>
        )}
        <Checkbox
          name="earlyCloseIfAllVoted"
          label="Close as soon as everyone has voted"
          checked={draft.earlyCloseIfAllVoted}
          onChange={(event) => set({ earlyCloseIfAllVoted: event.currentTarget.checked })}
        />
        <div className={styles.pair}>
          <Select
            name="announcements"
            label="Messages in Discord"
            value={draft.announcements}
            onChange={(event) => set({ announcements: event.currentTarget.value as Values["announcements"] })}
            options={[...ANNOUNCEMENTS]}
          />
          <Select
            name="discordChannelId"
            label="Channel"
            value={draft.discordChannelId}
            onChange={(event) => set({ discordChannelId: event.currentTarget.value })}
            options={channelOptions(channels.data?.discordChannels, draft.discordChannelId)}
          />
        </div>
        {theirs && (
          <StaleDraft
            theirs={differences(theirs, draft, ranks)}
            own={differences(draft, theirs, ranks)}
            onTheirs={resolve(edited.takeTheirs)}
            onOwn={resolve(edited.keepOwn)}
          />
        )}
        <ButtonRow end>
          {isDirty && (
            <Button variant="quiet" onClick={resolve(edited.undo)}>
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
