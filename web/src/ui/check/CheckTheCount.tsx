import { useEffect, useState } from "react";
import type { FoundBallot } from "../../counting/recount";
import { Alert } from "../Alert";
import { Button, ButtonRow } from "../Button";
import { saveFile } from "../saveFile";
import { CheckReport } from "./CheckReport";
import styles from "./check.module.css";
import { compareShown, type ShownVote } from "./compareShown";
import { OwnBallot } from "./FindBallot";
import { useRecount } from "./useRecount";
import { WhatItProves } from "./WhatItProves";

export interface CheckTheCountProps {
  /** Fetches `Campaign.ballotBox.file`, when the viewer asks for the check. It rejects with a sentence. */
  loadFile: () => Promise<string>;
  /** What the page shows, to compare with the file. */
  shown: ShownVote;
  /** The receipt of the viewer's ballot, if they voted. */
  receipt?: string | null | undefined;
}

/** *Check the count* of a closed vote: the browser recounts the published ballots, and finds the viewer's own. */
export function CheckTheCount({ loadFile, shown, receipt }: CheckTheCountProps) {
  const { recount, check, reset, find } = useRecount();
  const [file, setFile] = useState<string>();
  const [own, setOwn] = useState<FoundBallot | null>();
  const report = recount.state === "done" ? recount.report : undefined;

  const differences = report ? compareShown(report, shown) : [];

  const start = () => {
    const loading = loadFile();
    void check(loading);
    loading.then(setFile, () => setFile(undefined));
  };

  useEffect(() => {
    setOwn(undefined);
    if (report && receipt) void find(receipt).then(setOwn);
  }, [report, receipt, find]);

  return (
    <div className={styles.checkTheCount}>
      {!report && (
        <p className={styles.note}>
          Your browser fetches all ballots, which are published without names, and counts them again with its
          own program.
        </p>
      )}
      {recount.state === "failed" && <Alert>{recount.message}</Alert>}
      {report && <CheckReport report={report} differences={differences} />}
      {report && own && <OwnBallot ballot={own} />}
      {report && own === null && (
        <Alert>Your ballot is not in the box. Show your receipt to the officers.</Alert>
      )}
      <ButtonRow>
        <Button icon="shield" busy={recount.state === "running"} onClick={start}>
          {recount.state === "running" ? "Counting…" : report ? "Check again" : "Check the count"}
        </Button>
        {recount.state === "running" && <Button onClick={reset}>Stop</Button>}
        {report && file !== undefined && (
          <Button
            icon="download"
            variant="quiet"
            onClick={() =>
              saveFile(new Blob([file], { type: "application/json" }), `ballot-box-${shown.id}.json`)
            }
          >
            Save the ballots
          </Button>
        )}
      </ButtonRow>
      {report?.ok && differences.length === 0 && <WhatItProves />}
    </div>
  );
}
