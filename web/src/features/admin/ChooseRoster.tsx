import { useId, useRef, useState } from "react";
import { Alert, Notice } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { TextArea } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { type Decoded, decode, fitsRequest, MAX_BYTES } from "./decode";
import styles from "./Import.module.css";

interface ChooseRosterProps {
  /** The pasted rows. */
  text: string;
  onText: (text: string) => void;
  busy: boolean;
  onPreview: (file: Decoded, name: string) => void;
  /** The officer chose something else. */
  onChange: () => void;
}

const EXAMPLE = `discord_username,display_name,rank,character_name,realm,class,spec
mirelle.dusk,Mirelle Dusk,Veteran,Mirelle,Area 52,Mage,Frost
quietfern,Fern,Officer,Quietfern,Area 52,Druid,Balance`;

export function ChooseRoster({ text, onText, busy, onPreview, onChange }: ChooseRosterProps) {
  const [file, setFile] = useState<{ name: string; decoded: Decoded }>();
  const [problem, setProblem] = useState<string>();
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const choose = async (chosen: File | undefined) => {
    if (!chosen) return;
    onChange();
    setProblem(undefined);
    setFile(undefined);
    try {
      const tooLarge = chosen.size > MAX_BYTES;
      const part = tooLarge ? chosen.slice(0, MAX_BYTES + 1) : chosen;
      setFile({ name: chosen.name, decoded: decode(new Uint8Array(await part.arrayBuffer())) });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "The file cannot be read.");
    }
  };
  const preview = () => {
    if (!fitsRequest(file ? file.decoded.text : text)) {
      return setProblem("The roster is larger than 1 MiB as it is sent. Import it in parts.");
    }
    if (file) onPreview(file.decoded, file.name);
    else onPreview({ text }, "the text");
  };
  return (
    <Section
      title="Choose a roster"
      description="A CSV file from any spreadsheet, or the JSON of another Guildhall. Nothing changes before you have seen the preview."
    >
      <div className={styles.choose}>
        <label
          htmlFor={id}
          className={styles.drop}
          data-over={isOver}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            choose(event.dataTransfer.files[0]);
          }}
        >
          <Icon name={file ? "file" : "upload"} size={28} />
          <span className={styles.dropTitle}>{file ? file.name : "Choose a file, or drop it here"}</span>
          <span className={styles.muted}>{file ? "Choose another file" : "CSV or JSON, at most 1 MiB"}</span>
          <input
            ref={input}
            id={id}
            type="file"
            className="visually-hidden"
            accept=".csv,.tsv,.txt,.json,text/csv,application/json"
            onChange={(event) => {
              choose(event.target.files?.[0]);
              // The same file can be chosen again after a change.
              event.target.value = "";
            }}
          />
        </label>
        {file?.decoded.note && <Notice>{file.decoded.note}</Notice>}
        {problem && <Alert>{problem}</Alert>}
        {!file && (
          <TextArea
            label="Or paste the rows"
            hint="With a first line that names the columns. Only discord_username is required."
            placeholder={EXAMPLE}
            value={text}
            rows={6}
            spellCheck={false}
            className={styles.paste ?? ""}
            onChange={(event) => {
              onText(event.target.value);
              setProblem(undefined);
              onChange();
            }}
          />
        )}
        <ButtonRow end>
          {file && (
            <Button
              variant="quiet"
              onClick={() => {
                setFile(undefined);
                onChange();
              }}
            >
              Remove the file
            </Button>
          )}
          <Button variant="primary" busy={busy} disabled={!file && text.trim() === ""} onClick={preview}>
            Preview
          </Button>
        </ButtonRow>
      </div>
    </Section>
  );
}
