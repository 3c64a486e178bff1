/** The parts of the benchmark. */
import { runColdStart } from "./parts/cold_start.ts";
import { runIdle } from "./parts/idle.ts";
import { runJson } from "./parts/json.ts";
import { runLedger } from "./parts/ledger.ts";
import { runProcesses } from "./parts/processes.ts";
import { runProfile } from "./parts/profile.ts";
import { runStreams } from "./parts/streams.ts";
import { runSummarize } from "./parts/summarize.ts";
import { runWorker } from "./parts/worker.ts";
import type { PartResults } from "./results.ts";
import type { Bench } from "./session.ts";

/** A part that can be run by itself. */
interface Part {
  /** What it measures, for `--help`. */
  title: string;
  run(bench: Bench): Promise<PartResults>;
}

/** All parts by their names, in the order in which they run. */
export const PARTS: Record<string, Part> = {
  json: { title: "JSON of 1 and 20 KB at 1, 64 and 100 connections", run: runJson },
  streams: { title: "streams of 200 chunks at 1, 50 and 500, bursts and paced", run: runStreams },
  idle: { title: "memory of 500 idle streams", run: runIdle },
  start: { title: "cold start of each artefact, and of all in one isolate", run: runColdStart },
  worker: { title: "one request in the self-hosted worker, every function", run: runWorker },
  ledger: { title: "the ledger's cost in PostgreSQL", run: runLedger },
  processes: { title: "1, 2 and 4 processes on one database", run: runProcesses },
  summarize: { title: "summarize-records of 1,000 rows against its parts", run: runSummarize },
  profile: { title: "where the CPU time of the functions goes", run: runProfile },
};
