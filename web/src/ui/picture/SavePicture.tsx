import { useState } from "react";
import { Button } from "../Button";
import type { ChartResult } from "../charts/types";
import { unitOf } from "../charts/units";
import { saveFile } from "../saveFile";
import { toast } from "../Toast";
import type { PictureTheme, ResultPicture } from "./drawResult";

export interface SavePictureProps {
  guild: string;
  title: string;
  /** A line below the title: method, turnout, date. */
  subtitle: string;
  result: ChartResult;
}

/** *Save picture*: a PNG of a result with winners and bars, drawn in the browser. */
export function SavePicture({ guild, title, subtitle, result }: SavePictureProps) {
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const { drawResult } = await import("./drawResult");
      const picture = await drawResult({ guild, title, subtitle, ...pictureOf(result) }, shownTheme());
      saveFile(picture, `${fileName(title)}.png`);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { tone: "danger" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon="download" small className="no-print" busy={busy} onClick={save}>
      Save picture
    </Button>
  );
}

function pictureOf({ method, standings, winners }: ChartResult): Pick<ResultPicture, "winners" | "bars"> {
  const won = new Set(winners?.map((entry) => entry.id));
  return {
    winners: winners?.map((entry) => entry.name) ?? [],
    bars: standings.map(({ place, points, entry }) => ({
      place,
      name: entry.name,
      value: points,
      label: unitOf(method).format(points),
      won: won.has(entry.id),
    })),
  };
}

/** The theme that the page shows: the viewer's choice, or the system's. */
function shownTheme(): PictureTheme {
  const { theme } = document.documentElement.dataset;
  if (theme === "dark" || theme === "light") return theme;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

/** A title as a file's name. */
function fileName(title: string) {
  const name = title.normalize("NFKC").replace(/[^\p{L}\p{N}]+/gu, "-");
  return name.slice(0, 60).replace(/^-+|-+$/g, "") || "result";
}
