/** Generates load in a process of its own, so that its CPU time is measured apart from the servers. */
import { applyLoad, type LoadOrder, openStreams } from "./load.ts";
import { reportToParent } from "./parent.ts";

/** What the parent asks for: a load, streams that stay open, or the end of these. */
export type LoadMessage = { load: LoadOrder } | { open: LoadOrder } | { close: true };

let streams: Awaited<ReturnType<typeof openStreams>> | undefined;

async function reply(message: LoadMessage): Promise<unknown> {
  if ("load" in message) return await applyLoad(message.load);
  streams?.close();
  streams = "open" in message ? await openStreams(message.open) : undefined;
  return {};
}

await reportToParent(0, { reply: (message) => reply(message as LoadMessage) });
