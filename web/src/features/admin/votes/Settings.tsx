import { useState } from "react";
import { useAction, useData } from "../../../app/data";
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
import { serverNow } from "../../../ui/clock";
import { Checkbox, Choices, Field, Select, TextArea } from "../../../ui/Field";
import { type FieldErrors, Form } from "../../../ui/Form";
import { describeMethod, methodName } from "../../../ui/methods";
import { toast } from "../../../ui/Toast";
import styles from "./Editor.module.css";
import { METHODS } from "./presets";
import { SaveError, StaleDraft } from "./StaleDraft";
import { StartsAtOnce } from "./StartsAtOnce";
import { hasPassed, startsAtOnce } from "./schedule";
import {
  ANNOUNCEMENTS,
  channelOptions,
  differences,
  EVERYBODY,
  hoursOf,
  MAX_HOURS,
  RESULTS,
  seatsOf,
  startOf,
  toInput,
  type Settings as Values,
} from "./settings";
import type { DraftEdits } from "./useDraftEdits";
import { hoursAfter, LATEST, localZone } from "./zonedTime";

interface SettingsProps {
  vote: DraftFragment;
  edits: DraftEdits;
  ranks: DraftQuery["ranks"];
  refetch: () => void;
}

/** The settings of a draft, saved together. */
export function Settings({ vote, edits, ranks, refetch }: SettingsProps) {
  const edited = edits.settings;
  const { value: draft, isDirty, theirs } = edited;
  const { run, error, reset } = useAction(UpdateVoteDocument, { isDirty });
  const channels = useData(VoteChannelsDocument, {});
  const [problems, setProblems] = useState<FieldErrors>();
  const [isAsking, setAsking] = useState(false);
  const set = (change: Partial<Values>) => {
    setProblems(undefined);
    edited.setValue({ ...draft, ...change });
  };
  const picks = Number(draft.picksPerVoter);
  const hours = hoursOf(draft);
  const start = startOf(draft);
  const end = start && hours >= 1 && hours <= MAX_HOURS ? hoursAfter(start, hours) : null;
  const levels = ranks.toSorted((a, b) => a.level - b.level);

  const store = () =>
    edited.save(async (draftRevision) => {
      const { data, error } = await run({
        input: toInput(draft, edited.saved, { id: vote.id, draftRevision }),
      });
      if (error?.reason === "STALE_DRAFT") refetch();
      if (data?.updateCampaign) toast("Settings saved");
      return data?.updateCampaign?.campaign;
    });
  const save = () => {
    if (edited.isSaving || !isDirty) return;
    const now = serverNow();
    const entries = vote.entries.length;
    const after = {
      startAt: start,
      durationHours: hours,
      picksPerVoter: picks,
      seats: seatsOf(draft),
      entries,
    };
    if (start !== startOf(edited.saved) && hasPassed(start, now)) {
      setProblems({
        startAt: "This time has passed. Choose a later one, or leave it empty and start the vote yourself.",
      });
    } else if (startsAtOnce(after, now)) setAsking(true);
    else void store();
  };
  const resolve = (choice: () => void) => () => {
    reset();
    setProblems(undefined);
    choice();
  };

  return (
    <Section title="Settings">
      <Form
        onSubmit={save}
        fieldErrors={theirs ? undefined : (problems ?? error?.fields)}
        error={!theirs && error && <SaveError error={error} />}
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
            max={draft.unit === "days" ? MAX_HOURS / 24 : MAX_HOURS}
            error={hours > MAX_HOURS ? "A vote lasts at most 8,760 hours, which are 365 days." : undefined}
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
          max={LATEST}
          hint={`In your time zone, ${localZone()}. Leave it empty to start the vote yourself.`}
          value={draft.startAt}
          onChange={(event) => set({ startAt: event.currentTarget.value })}
        />
        {start && end && (
          <p className={styles.hint}>
            {hasPassed(start, serverNow())
              ? `The start was planned for ${formatInstant(start)}, and the end for ${formatInstant(end)}.`
              : `Starts on ${formatInstant(start)}, and closes on ${formatInstant(end)}.`}
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
          <Button type="submit" variant="primary" icon="check" busy={edited.isSaving} disabled={!isDirty}>
            Save settings
          </Button>
        </ButtonRow>
      </Form>
      {isAsking && start && (
        <StartsAtOnce
          startAt={start}
          isMoreUnsaved={edits.areEntriesDirty}
          onSave={store}
          onClose={() => setAsking(false)}
        />
      )}
    </Section>
  );
}
