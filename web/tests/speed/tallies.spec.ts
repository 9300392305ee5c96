import { test } from "playwright/test";
import { memberFixture, startAs } from "../states/stand-in.ts";
import { votedFixture } from "../states/vote-fixtures.ts";
import { recorded, startRecording } from "./frames.ts";

const TALLIES = 1_000;
/** Time between two tallies, in milliseconds. */
const INTERVAL = 10;

for (const count of [20, 200]) {
  test(`a live vote of ${count} entries`, async ({ page }) => {
    const entries = Array.from({ length: count }, (_, index) => ({
      id: `entry-${index}`,
      name: `Entry ${index}`,
    }));
    const tally = (revision: number) => ({
      revision,
      status: "LIVE",
      turnout: { eligible: 5_000, voted: revision, percent: revision / 50 },
      standings: entries
        .map((entry, index) => ({ entry, points: (revision * (index + 7)) % 997, pickCounts: [4, 3, 2] }))
        .sort((a, b) => b.points - a.points)
        .map((row, index) => ({ ...row, place: index + 1 })),
    });
    const vote = votedFixture({ entries });
    const root = { campaign: vote, voteTally: tally(0) };
    const state = await startAs(page, memberFixture(), root);
    await page.goto("/votes/vote-1");
    await page.getByRole("figure", { name: "Standings" }).waitFor();
    await startRecording(page);
    const start = Date.now();
    for (let revision = 1; revision <= TALLIES; revision += 1) {
      state.root.voteTally = tally(revision);
      await state.publish("voteTally");
      const wait = start + revision * INTERVAL - Date.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
    const seconds = (Date.now() - start) / 1_000;
    await page
      .getByText(`${TALLIES} of 5000 voted`, { exact: false })
      .or(page.getByText("1,000 of"))
      .first()
      .waitFor();
    console.log(`${count} entries, ${TALLIES} tallies in ${seconds.toFixed(1)} s: ${await recorded(page)}`);
  });
}
