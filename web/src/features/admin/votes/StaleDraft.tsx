import { useData } from "../../../app/data";
import { DraftDocument } from "../../../gql/graphql";
import { Alert } from "../../../ui/Alert";
import { Button } from "../../../ui/Button";
import styles from "./Editor.module.css";

interface StaleDraftProps {
  /** The entries as this page has them. */
  own: readonly { name: string }[];
  /** The draft's id. */
  vote: string;
  /** Takes the stored version, which gives up the own one. */
  onTheirs: () => void;
}

/** Somebody else has changed the draft meanwhile: both versions, so that nobody's work is lost unseen. */
export function StaleDraft({ own, vote, onTheirs }: StaleDraftProps) {
  const result = useData(DraftDocument, { id: vote }, { requestPolicy: "network-only" });
  const theirs = result.data?.campaign?.entries ?? [];
  return (
    <Alert>
      <p>Somebody else has changed this draft meanwhile. Nothing of yours is saved yet.</p>
      <div className={styles.versions}>
        <Version title="Saved now" entries={theirs} />
        <Version title="Yours" entries={own} />
      </div>
      <Button onClick={onTheirs}>Take what is saved</Button>
    </Alert>
  );
}

function Version({ title, entries }: { title: string; entries: readonly { name: string }[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ol>
        {entries.map((entry) => (
          <li key={entry.name} dir="auto">
            {entry.name}
          </li>
        ))}
      </ol>
    </div>
  );
}
