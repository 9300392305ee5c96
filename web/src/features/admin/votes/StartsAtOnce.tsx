import { formatInstant } from "../../../ui/Countdown";
import { ConfirmDialog } from "../../../ui/Dialog";
import styles from "./Editor.module.css";

interface StartsAtOnceProps {
  startAt: string;
  /** Whether the other part of the page has changes, which this save leaves out. */
  isMoreUnsaved: boolean;
  onSave: () => Promise<void>;
  onClose: () => void;
}

/** Asks before a save after which the vote goes live. */
export function StartsAtOnce({ startAt, isMoreUnsaved, onSave, onClose }: StartsAtOnceProps) {
  return (
    <ConfirmDialog
      title="Save, and start the vote now?"
      confirmLabel="Save and start"
      onClose={onClose}
      onConfirm={async () => {
        // A refusal stands at the fields.
        await onSave();
        return undefined;
      }}
    >
      <ul className={styles.facts}>
        <li>
          It was to start on {formatInstant(startAt)}. Nothing is missing any more, so it starts at once.
        </li>
        <li>Settings and entries cannot be changed afterwards.</li>
        {isMoreUnsaved && <li>You have more changes on this page. They are not saved.</li>}
      </ul>
    </ConfirmDialog>
  );
}
