import { useRef } from "react";
import { Button } from "./Button";
import styles from "./Copy.module.css";
import { toast } from "./Toast";

interface CopyFieldProps {
  /** What the text is, such as "Invite link". */
  label: string;
  value: string;
  onCopied?: () => void;
}

/** A text to take along, with a button that copies it. Without a clipboard, as on plain HTTP, the button selects it. */
export function CopyField({ label, value, onCopied }: CopyFieldProps) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <div className={styles.copy}>
      <input
        ref={field}
        readOnly
        aria-label={label}
        value={value}
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button
        icon="copy"
        onClick={async () => {
          if (await copy(value)) {
            toast(`${label} copied`);
            onCopied?.();
          } else field.current?.select();
        }}
      >
        Copy
      </Button>
    </div>
  );
}

/** Copies a text. Resolves with whether the browser allowed it. */
export async function copy(text: string) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
