import { expect, test } from "vitest";
import { drawResult, type ResultPicture } from "./drawResult";

const picture: ResultPicture = {
  guild: "Emberwatch",
  title: "Raider of the Season",
  subtitle: "Approval · 24 of 33 voted · 30 November 2026",
  winners: ["Mirelle"],
  bars: [
    { place: 1, name: "Mirelle", value: 20, label: "20 votes", won: true },
    { place: 2, name: "Thorn", value: 10, label: "10 votes", won: false },
  ],
};

async function pixelsOf(blob: Blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context?.drawImage(bitmap, 0, 0);
  const data = context?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? new Uint8ClampedArray();
  const at = (x: number, y: number) =>
    Array.from(data.slice(4 * (y * bitmap.width + x), 4 * (y * bitmap.width + x) + 3));
  return { width: bitmap.width, height: bitmap.height, at };
}

/** The columns that have anything but the ground, in CSS pixels. */
function inkedColumns({ width, height, at }: Awaited<ReturnType<typeof pixelsOf>>) {
  const ground = String(at(0, 0));
  const inked: number[] = [];
  for (let x = 0; x < width; x += 2) {
    for (let y = 0; y < height; y += 2) {
      if (String(at(x, y)) === ground) continue;
      inked.push(x / 2);
      break;
    }
  }
  return inked;
}

test("a picture is a PNG with a bar in the accent for the winner, and half of it for half of the votes", async () => {
  const blob = await drawResult(picture);
  expect(blob.type).toBe("image/png");
  const pixels = await pixelsOf(blob);
  expect(pixels.width).toBe(2400);
  expect(pixels.at(0, 0)).toEqual([0x12, 0x13, 0x16]);
  // The bars end 64 and 128 CSS pixels above the lower margin.
  const rows = [pixels.height - 2 * (64 + 64 + 14), pixels.height - 2 * (64 + 14)];
  const colors = rows.map((y) => [pixels.at(2 * 600, y), pixels.at(2 * 700, y)]);
  expect(colors[0]).toEqual([
    [0xd8, 0xae, 0x62],
    [0xd8, 0xae, 0x62],
  ]);
  expect(colors[1]).toEqual([
    [0x6e, 0x5c, 0x3d],
    [0x23, 0x26, 0x2d],
  ]);
});

test("long texts stay inside the margins, and long lists end", async () => {
  const long = "Ñandú 王国 ".repeat(60);
  const bars = Array.from({ length: 200 }, (_, index) => ({
    place: index + 1,
    name: long,
    value: 200 - index,
    label: "1,000,000 votes",
    won: false,
  }));
  const pixels = await pixelsOf(
    await drawResult({ guild: long, title: long, subtitle: long, winners: [long, long], bars }, "light"),
  );
  const columns = inkedColumns(pixels);
  expect(columns[0]).toBeGreaterThanOrEqual(60);
  expect(columns.at(-1)).toBeLessThanOrEqual(1140);
  expect(pixels.height).toBeLessThan(2 * 1100);
});

test("a vote without winners has no line for them", async () => {
  const [withWinner, without] = await Promise.all(
    [picture, { ...picture, winners: [] }].map(async (it) => (await pixelsOf(await drawResult(it))).height),
  );
  expect(without).toBeLessThan(withWinner ?? 0);
});
