import { type FormEvent, useState } from "react";
import { findReceipt } from "../../counting/receipts";
import type { FoundBallot } from "../../counting/recount";
import { Button } from "../Button";
import { formatWhole } from "../charts/words";
import { Field } from "../Field";
import { Icon } from "../Icon";
import styles from "./check.module.css";

/** Finds the reader's own ballot by its receipt. */
export function FindBallot({ find }: { find: (receipt: string) => Promise<FoundBallot | null> }) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const [found, setFound] = useState<FoundBallot>();
  const search = async (event: FormEvent) => {
    event.preventDefault();
    const receipt = findReceipt(text);
    const ballot = receipt === null ? null : await find(receipt);
    setFound(ballot ?? undefined);
    if (receipt === null) setError("A receipt has 64 hexadecimal digits. Copy it again.");
    else setError(ballot ? undefined : "No ballot in this box has this receipt.");
  };
  return (
    <form className={styles.find} onSubmit={search}>
      <Field
        label="Your receipt"
        hint="Paste it to find your ballot. It stays in this browser."
        value={text}
        onChange={(event) => setText(event.target.value)}
        error={error}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
      />
      <Button type="submit" icon="search" className="no-print">
        Find my ballot
      </Button>
      {found && <OwnBallot ballot={found} />}
    </form>
  );
}

/** A ballot that was found by its receipt. */
export function OwnBallot({ ballot: { number, picks } }: { ballot: FoundBallot }) {
  return (
    <div className={styles.own} role="status">
      <p className={styles.ownTitle}>
        <Icon name="check" /> Your ballot is in the box, as number {formatWhole(number)}.
      </p>
      <ol className={styles.picks}>
        {picks.map((pick) => (
          <li key={pick.id} dir="auto">
            {pick.name}
          </li>
        ))}
      </ol>
    </div>
  );
}
