// Takes the pictures of the README: node pictures.mjs URL DIRECTORY

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  directory,
  execute,
  newContext,
  openConsole,
  PASSWORD,
  progress,
  replaceText,
  request,
  run,
  selectTab,
  signIn,
  votedCount,
  waitForResponse,
  waitForSignIn,
  waitUntil,
} from "./driver.mjs";
import { animation, toWebp } from "./webp.mjs";

const WIDTH = 960;
/** Wider, with the panel of examples. */
const QUERY_SIZE = { width: 1200, height: 680 };
const QUALITY = 0.75;
/** Number of frames of the tally, each with another ballot. */
const FRAMES = 7;
/** Time for which each is shown, in milliseconds. */
const FRAME_TIME = 1_000;
const ROSTER = `# The first two of the roster.
query Roster {
  members(first: 2) {
    totalCount
    nodes {
      displayName
      rank {
        name
      }
      mainCharacter {
        name
        class
      }
    }
  }
}`;
const tally = (campaignId) => `# Now, and after each ballot.
subscription Tally {
  voteTally(
    campaignId: "${campaignId}"
  ) {
    turnout {
      voted
      eligible
    }
    standings {
      place
      points
      entry {
        name
      }
    }
  }
}`;

await run("pictures", async (browser) => {
  const context = await newContext(browser, {
    viewport: QUERY_SIZE,
    colorScheme: "light",
  });
  const page = await openConsole(context);
  await signIn(page, "officer", PASSWORD);
  await waitForSignIn(page, "Officer");
  await page.getByLabel("Hide editor tools").click();
  await takeQuery(page);
  await takeTally(page);
});

async function takeQuery(page) {
  progress.step = "a query";
  await enter(page, ROSTER);
  await execute(page);
  await waitForResponse(page, /"totalCount": \d+/);
  save("console.webp", await toWebp(page, await screenshot(page), QUALITY));
}

async function takeTally(page) {
  progress.step = "a tally";
  const size = { width: WIDTH, height: 672 };
  await page.getByLabel("Hide Examples").click();
  await page.setViewportSize(size);
  const live = await request("{ campaigns(filter: { status: [LIVE] }) { nodes { id } } }");
  await selectTab(page, "WatchTally");
  await enter(page, tally(live.data.campaigns.nodes[0].id));
  await execute(page);
  let voted = await votedCount(page);
  // Only the response changes. WebP stores a frame's position in units of two pixels.
  const box = await page.locator(".result-window").boundingBox();
  const [x, y] = [box.x, box.y].map((position) => 2 * Math.floor(position / 2));
  const response = {
    x,
    y,
    width: Math.floor(box.x + box.width) - x,
    height: Math.floor(box.y + box.height) - y,
  };
  const frames = [];
  while (frames.length < FRAMES) {
    const area = frames.length === 0 ? { x: 0, y: 0, ...size } : response;
    const image = await toWebp(page, await screenshot(page, area), QUALITY);
    frames.push({ ...area, image, duration: FRAME_TIME });
    const before = voted;
    await waitUntil(page, `more than ${before} have voted`, async () => {
      voted = await votedCount(page);
      return voted > before;
    });
  }
  save("tally.webp", animation(size, frames));
}

/** Replaces the query, and leaves the cursor out of the picture. */
async function enter(page, query) {
  await replaceText(page, ".graphiql-query-editor", query);
  await page.evaluate(() => document.activeElement.blur());
}

function screenshot(page, clip) {
  return page.screenshot({ animations: "disabled", caret: "hide", clip });
}

function save(name, bytes) {
  writeFileSync(join(directory, name), bytes);
  console.log(`  ${name}: ${Math.ceil(bytes.length / 1_024)} KiB`);
}
