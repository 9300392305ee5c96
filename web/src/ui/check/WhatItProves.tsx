import styles from "./check.module.css";

/** What a check proves and what it does not, as docs/receipts.md says at length. */
export function WhatItProves() {
  return (
    <details className={styles.proves}>
      <summary>What does this prove?</summary>
      <p>
        Your browser did this on its own, with another program than the server’s. A receipt is a fingerprint
        of a ballot’s picks and a secret number: the server cannot change the picks without changing the
        receipt. So if your receipt is in the box, your ballot was recorded as you cast it, and the recount
        shows that it was counted. If another member sees the same digest, the server showed both of you the
        same ballots.
      </p>
      <p>
        It does not prove that every ballot has a voter. A dishonest server could add ballots of members who
        did not vote, which the turnout would show. And it trusts this page: to trust nothing but your own
        computer, run <code>guildhall verify</code> on the file.
      </p>
    </details>
  );
}
