import { Page } from "../../app/Page";
import { Alert } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { ResultChart } from "../../ui/charts/ResultChart";
import { formatCount } from "../../ui/charts/words";
import { CheckReport } from "../../ui/check/CheckReport";
import { FindBallot } from "../../ui/check/FindBallot";
import { useRecount } from "../../ui/check/useRecount";
import { WhatItProves } from "../../ui/check/WhatItProves";
import { describeMethod, methodName } from "../../ui/methods";
import { DropFile } from "./DropFile";
import styles from "./VerifyPage.module.css";

/** Checks a ballot box file in the browser. The page sends no request. */
export default function VerifyPage() {
  const { recount, check, reset, find } = useRecount();
  const report = recount.state === "done" ? recount.report : undefined;
  return (
    <Page
      title="Verify a vote"
      subtitle="Recounts a published ballot box in your browser. The file stays on your device."
    >
      <DropFile isRunning={recount.state === "running"} onFile={(file) => void check(file)} onStop={reset} />
      {recount.state === "failed" && <Alert>{recount.message}</Alert>}
      {report && (
        <>
          <Section
            title={<span dir="auto">{report.title}</span>}
            description={`${methodName(report.method)}: ${formatCount(report.ballots, "ballot")} of ${formatCount(report.eligible, "member")} who could vote.`}
            actions={
              <Button icon="print" variant="quiet" className="no-print" onClick={() => window.print()}>
                Print
              </Button>
            }
          >
            <div className={styles.stack}>
              <CheckReport report={report} />
              {report.ok && <WhatItProves />}
            </div>
          </Section>
          <Section title="Your ballot">
            {/* A new file has other ballots. */}
            <FindBallot key={report.digest} find={find} />
          </Section>
          <Section
            title="The count"
            description={describeMethod(report.method, report.picksPerVoter, report.seats)}
          >
            <ResultChart method={report.method} {...report.result} />
          </Section>
        </>
      )}
      {!report && <HowToGetAFile />}
    </Page>
  );
}

function HowToGetAFile() {
  return (
    <Section title="Where is the file?">
      <div className={styles.text}>
        <p>
          When a vote has closed, its page publishes all ballots without names. Choose{" "}
          <em>Check the count</em> there, which does the same as this page, and then <em>Save the ballots</em>
          . Officers and other members can also send you the file.
        </p>
        <p>
          This page checks each ballot against its receipt, the order of the ballots, the rules and the
          digest. Then it counts the ballots again, and finds yours by its receipt.
        </p>
      </div>
    </Section>
  );
}
