import type { Check, CheckName } from "../../counting/checkBox";
import type { RecountReport } from "../../counting/recount";
import { CopyField } from "../Copy";
import { formatCount, formatWhole } from "../charts/words";
import { Icon } from "../Icon";
import styles from "./check.module.css";

interface CheckReportProps {
  report: RecountReport;
  /** Differences between the page and the file, as sentences. */
  differences?: readonly string[];
}

/** What a check found: a sentence for each part, and the digest to compare. */
export function CheckReport({ report, differences }: CheckReportProps) {
  const ok = report.ok && !differences?.length;
  return (
    <div className={styles.report}>
      <p className={styles.verdict} data-ok={ok} role="status">
        <Icon name={ok ? "check" : "warning"} size={24} />
        <span>
          {ok
            ? "Everything matches: the result follows from the published ballots."
            : "Something does not match."}
        </span>
      </p>
      <ul className={styles.checks}>
        {report.checks.map((check) => (
          <CheckRow key={check.name} ok={check.ok} problems={check.problems} more={check.more}>
            {sentence(check, report)}
          </CheckRow>
        ))}
        {differences && (
          <CheckRow ok={differences.length === 0} problems={differences}>
            {differences.length === 0
              ? "This page shows the same digest, standings and winners."
              : "This page shows something else than the file."}
          </CheckRow>
        )}
      </ul>
      {report.decidedByListedOrder === true && (
        <p className={styles.note}>
          Only the order in which the entries are listed separates the winners from others: they had equal
          votes.
        </p>
      )}
      {report.decidedByListedOrder === "unconfirmed" && (
        <p className={styles.note}>
          So many entries are tied that this check did not follow all orders in which they could be listed.
        </p>
      )}
      <div className={styles.digest}>
        <h3>Digest of the ballot box</h3>
        <p className={styles.note}>
          Compare it with that of another member. If both are equal, you were shown the same ballots, entries
          and rules.
        </p>
        <CopyField label="Digest" value={report.digest} />
      </div>
    </div>
  );
}

interface CheckRowProps {
  ok: boolean;
  problems: readonly string[];
  more?: number;
  children: string;
}

function CheckRow({ ok, problems, more = 0, children }: CheckRowProps) {
  return (
    <li className={styles.check} data-ok={ok}>
      <Icon name={ok ? "check" : "close"} />
      <div>
        <span className="visually-hidden">{ok ? "Passed: " : "Failed: "}</span>
        {children}
        {problems.length > 0 && (
          <ul className={styles.problems}>
            {problems.map((problem) => (
              <li key={problem} dir="auto">
                {problem}
              </li>
            ))}
            {more > 0 && <li>And {formatCount(more, "more problem")}.</li>}
          </ul>
        )}
      </div>
    </li>
  );
}

const FAILED: Record<CheckName, string> = {
  receipts: "Not every ballot matches its receipt.",
  order: "The ballots are not in the order of their receipts.",
  rules: "Something breaks the rules of the vote.",
  digest: "The digest is not that of these receipts, entries and rules.",
  result: "A recount gives another result.",
};

function sentence({ name, ok }: Check, { ballots, result }: RecountReport) {
  if (!ok) return FAILED[name];
  switch (name) {
    case "receipts":
      return ballots === 1
        ? "The ballot matches its receipt."
        : `Each of the ${formatWhole(ballots)} ballots matches its receipt.`;
    case "order":
      return "The ballots are in the order of their receipts, and none is there twice.";
    case "rules":
      return "Each ballot follows the rules of the vote, and there are no more ballots than voters.";
    case "digest":
      return "The digest is that of these receipts, entries and rules.";
    case "result":
      return `A recount gives the same standings and ${result.winners.length === 1 ? "winner" : "winners"}.`;
  }
}
