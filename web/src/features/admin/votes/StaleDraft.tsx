import type { AppError } from "../../../app/errors";
import { FormError } from "../../../app/FormError";
import { Alert } from "../../../ui/Alert";
import { Button, ButtonRow } from "../../../ui/Button";
import styles from "./Editor.module.css";

/** A line of a version: an entry, or a setting. */
interface Line {
  key: string;
  text: string;
}

interface StaleDraftProps {
  theirs: readonly Line[];
  own: readonly Line[];
  /** Uses the saved version, which discards the own one. */
  onTheirs: () => void;
  /** Keeps the own version, which the next save stores in place of the other. */
  onOwn: () => void;
}

/** Another officer has saved the same part of the draft: both versions, so that no work is lost unseen. */
export function StaleDraft({ theirs, own, onTheirs, onOwn }: StaleDraftProps) {
  return (
    <Alert>
      <p>Another officer has changed this too. Your version is not saved yet.</p>
      <div className={styles.versions}>
        <Version title="Saved version" lines={theirs} />
        <Version title="Your version" lines={own} />
      </div>
      <ButtonRow>
        <Button small onClick={onTheirs}>
          Use the saved version
        </Button>
        <Button small onClick={onOwn}>
          Keep my version
        </Button>
      </ButtonRow>
    </Alert>
  );
}

/** Why a part of a draft was not saved, if there is no other version of it to choose. */
export function SaveError({ error }: { error: AppError }) {
  if (error.reason !== "STALE_DRAFT") return <FormError error={error} />;
  return "Another part of the draft was saved meanwhile, so this was not saved. Save it again.";
}

function Version({ title, lines }: { title: string; lines: readonly Line[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ol>
        {lines.map(({ key, text }) => (
          <li key={key} dir="auto">
            {text}
          </li>
        ))}
      </ol>
    </div>
  );
}
