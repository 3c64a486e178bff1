/** Draws the results as an SVG image, readable on light and on dark pages. */
import { type ContestantName, CONTESTANTS } from "./contestants.ts";
import type { Results } from "./results.ts";
import { format } from "./tables.ts";

/** One group of bars: a figure of several contestants. */
interface Panel {
  title: string;
  part: string;
  work: string;
  contestants: ContestantName[];
}

const PANELS: Panel[] = [
  {
    title: "JSON responses of 1 KB per second, 64 connections",
    part: "json",
    work: "1 KB at 64",
    contestants: [
      ...["bare", "functions", "ledger", "limits"] as const,
      ...["asResponse", "openaiSdk", "aiSdk", "portkey"] as const,
    ],
  },
  {
    title: "Chunks per second, 50 streams",
    part: "streams",
    work: "bursts at 50",
    contestants: [
      ...["bare", "functions", "ledger", "limits"] as const,
      ...["asResponse", "openaiSdk", "aiSdk", "portkey"] as const,
    ],
  },
];
/** The contestants that are this project. */
const OURS: ContestantName[] = ["functions", "ledger", "limits"];

const WIDTH = 760;
const LABEL_WIDTH = 270;
const BAR_WIDTH = 380;
const ROW_HEIGHT = 24;
const TITLE_HEIGHT = 40;
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 14px; }
  .label { text-anchor: end; }
  .other { fill: #8c959f; }
  .ours { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .other { fill: #6e7681; }
    .ours { fill: #4493f8; }
  }`;

/** Draws the figures that most readers look for; contestants without a figure are left out. */
export function drawPicture(results: Results): string {
  let top = 0;
  const panels = PANELS.map((panel) => {
    const bars = listBars(results, panel);
    const drawn = drawPanel(panel.title, bars, top);
    top += TITLE_HEIGHT + bars.length * ROW_HEIGHT + 10;
    return drawn;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" ` +
    `aria-label="Requests and chunks per second of each contestant">`,
    `<style>${STYLE}\n</style>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}

interface Bar {
  label: string;
  value: number;
  isOurs: boolean;
}

function listBars({ parts }: Results, { part, work, contestants }: Panel): Bar[] {
  const figures = parts[part]?.figures ?? [];
  return contestants.flatMap((contestant) => {
    const row = figures.find((row) => row.work === work && row.contestant === contestant);
    if (!row) return [];
    const label = CONTESTANTS[contestant].title.replaceAll("`", "");
    return [{ label, value: Number(row.perSecond), isOurs: OURS.includes(contestant) }];
  });
}

function drawPanel(title: string, bars: Bar[], top: number): string {
  const longest = Math.max(...bars.map(({ value }) => value));
  const rows = bars.map(({ label, value, isOurs }, i) => {
    const y = top + TITLE_HEIGHT + i * ROW_HEIGHT;
    const width = Math.max(1, Math.round(value / longest * BAR_WIDTH));
    const text = y + ROW_HEIGHT - 9;
    return [
      `<text class="label" x="${LABEL_WIDTH - 10}" y="${text}">${escape(label)}</text>`,
      `<rect class="${isOurs ? "ours" : "other"}" x="${LABEL_WIDTH}" y="${y}" width="${width}" ` +
      `height="${ROW_HEIGHT - 6}" rx="2"/>`,
      `<text x="${LABEL_WIDTH + width + 8}" y="${text}">${format(value)}</text>`,
    ].join("\n");
  });
  return [`<text class="title" x="10" y="${top + 26}">${escape(title)}</text>`, ...rows].join("\n");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
