// Draws a result as a picture to share. Everything happens in the browser.

export interface ResultPicture {
  guild: string;
  title: string;
  /** A line below the title: method, turnout, date. */
  subtitle: string;
  winners: readonly string[];
  /** All entries in order of place. The picture shows the first ones. */
  bars: readonly { place: number; name: string; value: number; label: string; won: boolean }[];
}

export type PictureTheme = "dark" | "light";

// The tokens of tokens.css: a canvas knows no variables.
const COLORS = {
  dark: {
    page: "#121316",
    raised: "#23262d",
    text: "#e9e7e2",
    muted: "#a6a7ae",
    accent: "#d8ae62",
    faint: "#6e5c3d",
  },
  light: {
    page: "#f7f5f1",
    raised: "#e6e2da",
    text: "#1c1d21",
    muted: "#595b63",
    accent: "#775010",
    faint: "#bda98a",
  },
} as const;

/** Width of a picture, and the margin around its contents, in CSS pixels. */
const WIDTH = 1200;
const MARGIN = 64;
const INNER = WIDTH - 2 * MARGIN;
/** Pixels of the file for each CSS pixel, so that text is sharp on phones. */
const SCALE = 2;
const BARS = 8;
const ROW = 64;

const SANS = '"Public Sans Variable", "Public Sans", system-ui, sans-serif';
const FONTS = {
  guild: `600 28px "Cinzel", Georgia, serif`,
  title: `650 48px ${SANS}`,
  subtitle: `400 24px ${SANS}`,
  winnerLabel: `600 22px ${SANS}`,
  winner: `650 38px ${SANS}`,
  name: `550 24px ${SANS}`,
  value: `500 24px ${SANS}`,
} as const;

type Context = CanvasRenderingContext2D;

/** Draws the picture and returns it as a PNG. */
export async function drawResult(picture: ResultPicture, theme: PictureTheme = "dark"): Promise<Blob> {
  // A canvas draws with a fallback whatever has not loaded yet.
  await Promise.allSettled(Object.values(FONTS).map((font) => document.fonts.load(font)));
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser cannot draw pictures.");
  // The height follows the text, so everything is laid out once before it is drawn.
  const height = paint(context, picture, theme);
  canvas.width = WIDTH * SCALE;
  canvas.height = height * SCALE;
  context.scale(SCALE, SCALE);
  context.fillStyle = COLORS[theme].page;
  context.fillRect(0, 0, WIDTH, height);
  paint(context, picture, theme);
  return await new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made."))),
      "image/png",
    );
  });
}

/** Draws all parts below each other. Returns the height. */
function paint(context: Context, picture: ResultPicture, theme: PictureTheme): number {
  const colors = COLORS[theme];
  context.textBaseline = "alphabetic";
  let y = MARGIN + 24;
  const line = (text: string, font: keyof typeof FONTS, color: string) => {
    context.font = FONTS[font];
    context.fillStyle = color;
    context.fillText(shorten(context, text, INNER), MARGIN, y);
  };
  line(picture.guild, "guild", colors.accent);
  y += 20;
  for (const text of wrap(context, picture.title, FONTS.title, 2)) {
    y += 56;
    line(text, "title", colors.text);
  }
  y += 44;
  line(picture.subtitle, "subtitle", colors.muted);
  if (picture.winners.length > 0) {
    y += 60;
    line(picture.winners.length === 1 ? "Winner" : "Winners", "winnerLabel", colors.muted);
    for (const text of wrap(context, picture.winners.join(", "), FONTS.winner, 2)) {
      y += 48;
      line(text, "winner", colors.accent);
    }
  }
  y += 32;
  const shown = picture.bars.slice(0, BARS);
  const most = Math.max(1, ...picture.bars.map((bar) => bar.value));
  for (const bar of shown) {
    drawBar(context, bar, y, most, theme);
    y += ROW;
  }
  const more = picture.bars.length - shown.length;
  if (more > 0) {
    y += 32;
    line(`and ${more} more`, "value", colors.muted);
  }
  return y + MARGIN;
}

function drawBar(
  context: Context,
  bar: ResultPicture["bars"][number],
  top: number,
  most: number,
  theme: PictureTheme,
) {
  const colors = COLORS[theme];
  const indent = 48;
  const baseline = top + 32;
  context.font = FONTS.value;
  context.textAlign = "right";
  context.fillStyle = colors.muted;
  context.fillText(String(bar.place), MARGIN + indent - 16, baseline);
  context.fillText(bar.label, WIDTH - MARGIN, baseline);
  const room = INNER - indent - context.measureText(bar.label).width - 24;
  context.textAlign = "left";
  context.font = FONTS.name;
  context.fillStyle = colors.text;
  context.fillText(shorten(context, bar.name, room), MARGIN + indent, baseline);
  const track = INNER - indent;
  rounded(context, MARGIN + indent, top + 44, track, colors.raised);
  const width = (track * bar.value) / most;
  if (width >= 1) rounded(context, MARGIN + indent, top + 44, width, bar.won ? colors.accent : colors.faint);
}

function rounded(context: Context, x: number, y: number, width: number, color: string) {
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, 12, Math.min(6, width / 2));
  context.fill();
}

/** The text, or its start and an ellipsis, if it is wider than `width`. */
function shorten(context: Context, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  // Characters as people see them, so that none is cut in two.
  const characters = Array.from(new Intl.Segmenter().segment(text.slice(0, 500)), (it) => it.segment);
  while (characters.length > 0 && context.measureText(`${characters.join("")}…`).width > width)
    characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

/** The text in at most this many lines. The last one may end in an ellipsis. */
function wrap(context: Context, text: string, font: string, most: number): string[] {
  context.font = font;
  const lines: string[] = [];
  const words = text.split(/\s+/).filter(Boolean);
  while (words.length > 0 && lines.length < most) {
    let line = words.shift() ?? "";
    if (lines.length === most - 1) line = [line, ...words.splice(0)].join(" ");
    else {
      while (words[0] !== undefined && context.measureText(`${line} ${words[0]}`).width <= INNER)
        line += ` ${words.shift()}`;
    }
    lines.push(line);
  }
  return lines.map((line) => shorten(context, line, INNER));
}
