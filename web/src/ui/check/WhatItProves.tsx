import styles from "./check.module.css";

/** What a check proves and what it does not. docs/receipts.md says the same at length. */
export function WhatItProves() {
  return (
    <div className={styles.proves}>
      <h3>What this proves</h3>
      <p>
        Your browser counted with a program of its own, not the server’s. If your receipt is in the box, your
        ballot was recorded as you cast it and counted: other picks would have another receipt. If another
        member sees the same digest, the server showed both of you the same ballots.
      </p>
      <p>
        It does not prove that every ballot has a voter. A dishonest server could add ballots of members who
        did not vote, which the turnout would show. To trust nothing but your own computer, run{" "}
        <code>guildhall verify</code> on the file.
      </p>
    </div>
  );
}
