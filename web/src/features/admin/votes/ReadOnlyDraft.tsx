import type { DraftFragment, DraftQuery } from "../../../gql/graphql";
import { Notice } from "../../../ui/Alert";
import { Section } from "../../../ui/Card";
import styles from "./Editor.module.css";
import { EntryText } from "./EntryList";
import * as entries from "./entries";
import * as settings from "./settings";

interface ReadOnlyDraftProps {
  vote: DraftFragment;
  ranks: DraftQuery["ranks"];
}

/** The entries and settings of a draft that the viewer cannot change. */
export function ReadOnlyDraft({ vote, ranks }: ReadOnlyDraftProps) {
  return (
    <>
      <Notice icon="lock">
        The draft is for ranks above your own, so you can read it but not change it.
      </Notice>
      <Section title="Entries">
        {vote.entries.length === 0 ? (
          <p>No entries yet.</p>
        ) : (
          <ol className={styles.entries} aria-label="Entries">
            {entries.fromVote(vote).map((entry, index) => (
              <li key={entry.key} className={styles.entry}>
                <span className={styles.number}>{index + 1}</span>
                <EntryText entry={entry}>
                  {entry.imageUrl && <span className={styles.detail}>{entry.imageUrl}</span>}
                </EntryText>
              </li>
            ))}
          </ol>
        )}
      </Section>
      <Section title="Settings">
        <ul className={styles.readOnly} aria-label="Settings">
          {settings.describe(settings.fromVote(vote), ranks).map(({ key, text }) => (
            <li key={key} dir="auto">
              {text}
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
}
