import { type DragEvent, useRef, useState } from "react";
import { Button, ButtonRow } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import styles from "./VerifyPage.module.css";

interface DropFileProps {
  isRunning: boolean;
  onFile: (file: File) => void;
  onStop: () => void;
}

/** Takes a file that is dropped anywhere on it, or chosen by its button. */
export function DropFile({ isRunning, onFile, onStop }: DropFileProps) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setIsOver] = useState(false);
  const [name, setName] = useState<string>();
  const take = (file: File | undefined) => {
    if (!file) return;
    setName(file.name);
    onFile(file);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    take(event.dataTransfer.files[0]);
  };
  return (
    // The button does the same by keyboard.
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping needs a pointer.
    <div
      className={`${styles.drop} no-print`}
      data-over={isOver}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <span className={styles.icon}>
        <Icon name="file" size={32} />
      </span>
      {name ? (
        <p className={styles.name} dir="auto">
          {name}
        </p>
      ) : (
        <p className={styles.hint}>Drop a ballot box file here, or choose one.</p>
      )}
      <ButtonRow>
        <Button
          variant={name ? "secondary" : "primary"}
          icon="upload"
          busy={isRunning}
          onClick={() => input.current?.click()}
        >
          {isRunning ? "Counting…" : name ? "Choose another file" : "Choose a file"}
        </Button>
        {isRunning && <Button onClick={onStop}>Stop</Button>}
      </ButtonRow>
      <input
        ref={input}
        type="file"
        accept=".json,.txt,application/json"
        aria-label="Ballot box file"
        hidden
        onChange={(event) => {
          take(event.target.files?.[0]);
          // The same file can be chosen again after it has changed.
          event.target.value = "";
        }}
      />
    </div>
  );
}
