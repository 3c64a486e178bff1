/** Where the CPU time of the functions goes, by module. */
import { CHUNKS_PER_STREAM, createChatRequest, MODELS } from "../canned.ts";
import type { PartResults } from "../results.ts";
import { measure, type Work } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const ROOT = new URL("../../../", import.meta.url);
const WORKS: Work[] = [
  {
    name: "JSON at 64",
    path: "json",
    body: createChatRequest(MODELS.fast, 1_000),
    ...{ connections: 64, durationMs: 3_000 },
  },
  {
    name: "bursts at 50",
    path: "stream",
    body: createChatRequest(MODELS.fast, 1_000, true),
    ...{ connections: 50, durationMs: 3_000, unitsPerResponse: CHUNKS_PER_STREAM },
  },
];
/** Modules with a smaller share in all works are summed up. */
const SMALLEST = 0.03;
const OTHERS = "others";
/** What V8 calls the time in which nothing is to be done. */
const IDLE = "(idle)";
const WARM_UP_MS = 2_000;
const QUICK_MS = 700;

/** A profile as V8 writes it. */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  samples: number[];
  timeDeltas: number[];
}

/** Profiles the functions without a ledger under two loads, each in a process of its own. */
export async function runProfile(bench: Bench): Promise<PartResults> {
  const shares: Map<string, number>[] = [];
  for (const work of WORKS) {
    bench.report(work.name);
    shares.push(toShares(await readProfile(bench, work)));
  }
  const modules = [...new Set(shares.flatMap((share) => [...share.keys()]))];
  const isShown = (module: string) => shares.some((share) => (share.get(module) ?? 0) >= SMALLEST);
  const rows = modules.filter(isShown)
    .map((module) => ({ module, values: shares.map((share) => share.get(module) ?? 0) }))
    .toSorted((a, b) => b.values[0]! - a.values[0]!);
  const rest = shares.map((_, i) => 1 - rows.reduce((sum, { values }) => sum + values[i]!, 0));
  rows.push({ module: OTHERS, values: rest });
  return {
    figures: rows.map(({ module, values }) => ({
      module,
      ...Object.fromEntries(values.map((value, i) => [WORKS[i]!.name, Number(value.toFixed(4))])),
    })),
    tables: [{
      title: "Where the CPU time goes, percent",
      note:
        "A profile of the functions without a ledger, by module. `(native)` and `(program)` are Deno itself: " +
        "its operations, sockets, HTTP and the event loop.",
      head: ["", ...WORKS.map(({ name }) => name)],
      rows: rows.map(({ module, values }) => [
        module === OTHERS ? module : `\`${module}\``,
        ...values.map((value) => format(value * 100, 1)),
      ]),
    }],
    aims: [],
  };
}

/** The profile of a process under a load. It covers the whole life of the process. */
async function readProfile(bench: Bench, work: Work): Promise<Profile> {
  const folder = await bench.createFolder();
  try {
    const contestant = await bench.startNew("functions", [
      "--cpu-prof",
      `--cpu-prof-dir=${folder}`,
    ]);
    const durationMs = bench.isQuick ? QUICK_MS : WARM_UP_MS + work.durationMs;
    {
      await using _server = contestant!.server;
      await measure(bench, contestant!, { ...work, durationMs });
    }
    const [file] = [...Deno.readDirSync(folder)];
    return JSON.parse(await Deno.readTextFile(`${folder}/${file!.name}`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Each module's share of the busy time, without what it calls. */
export function toShares({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const modules = new Map(nodes.map(({ id, callFrame }) => [id, toModule(callFrame)]));
  const times = new Map<string, number>();
  let busy = 0;
  samples.forEach((id, i) => {
    const module = modules.get(id)!;
    if (module === IDLE) return;
    const micros = timeDeltas[i] ?? 0;
    busy += micros;
    times.set(module, (times.get(module) ?? 0) + micros);
  });
  return new Map([...times].map(([module, micros]) => [module, micros / busy]));
}

/** A module of this project by its path, a package by its name, and what V8 does by V8's name. */
function toModule({ functionName, url }: { functionName: string; url: string }): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "(native)";
  const [, name] = /\/node_modules\/(?!\.deno)((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (name) return name;
  return url.startsWith(ROOT.href) ? url.slice(ROOT.href.length) : url;
}
