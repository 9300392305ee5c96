import { test } from "playwright/test";
import { leaderFixture, startAs } from "../states/stand-in.ts";
import { RANKS } from "../states/vote-fixtures.ts";
import { recorded, startRecording } from "./frames.ts";

const MEMBERS = 5_000;

test("a roster of 5,000 members", async ({ page }) => {
  const members = Array.from({ length: MEMBERS }, (_, index) => ({
    id: `member-${index}`,
    displayName: `Raider ${index}`,
    discordUsername: `raider.${index}`,
    rank: RANKS[index % RANKS.length],
    isActive: true,
    isRegistered: true,
    createdAt: "2026-01-04T12:00:00Z",
  }));
  const list = ({ first, after }: { first: number; after?: string }) => {
    const from = after ? Number(after) : 0;
    const nodes = members.slice(from, from + first);
    const end = from + nodes.length;
    return {
      nodes,
      totalCount: MEMBERS,
      pageInfo: { endCursor: String(end), hasNextPage: end < MEMBERS },
    };
  };
  await startAs(page, leaderFixture(), { ranks: RANKS, members: list });
  await page.goto("/roster");
  await page.getByText("5,000 members").waitFor();
  await startRecording(page);
  const box = page.viewportSize() ?? { width: 1280, height: 720 };
  await page.mouse.move(box.width / 2, box.height / 2);
  const last = page.getByText(`Raider ${MEMBERS - 1}`, { exact: true });
  let rows = 0;
  const start = Date.now();
  while (!(await last.first().isVisible())) {
    await page.mouse.wheel(0, 1_200);
    rows = Math.max(rows, await page.getByRole("row").count());
  }
  const seconds = (Date.now() - start) / 1_000;
  console.log(`${MEMBERS} members in ${seconds.toFixed(1)} s: at most ${rows} rows, ${await recorded(page)}`);
});
