/** A stream that begins while the calls that its answer needs are still in flight. */
import { ApiError, toErrorEvent } from "../errors.ts";
import type { ActiveCall, Call } from "../http/call.ts";
import type { ByteSource } from "../http/event_stream.ts";
import { formatEvent, joinBytes } from "../http/sse.ts";

/** What the preparation of a stream gets. */
export interface Preparation {
  /** Sends JSON as an event, at once. */
  report(event: object): void;
  /** Aborted when the caller closes the connection. */
  signal: AbortSignal;
}

/**
 * Starts a preparation and waits for its first event, so that a failure up to there has a status.
 *
 * @param prepare does the work; its result is the rest of the stream.
 * @returns the events of the preparation, then the stream. A failure after the first event is an error
 *   event at the end, without `[DONE]`. Cancelling waits until the preparation has ended, because its
 *   calls are charged.
 * @throws what `prepare` threw before its first event.
 */
export async function openPreparedStream(
  call: Call,
  prepare: (preparation: Preparation) => Promise<ByteSource>,
): Promise<ByteSource> {
  const controller = new AbortController();
  const events: Uint8Array[] = [];
  let news = Promise.withResolvers<void>();
  let stream: ByteSource | undefined;
  let failure: { thrown: unknown } | undefined;
  const report = (event: object) => {
    events.push(formatEvent(JSON.stringify(event)));
    news.resolve();
  };
  const prepared = prepare({ report, signal: controller.signal })
    .then((source) => void (stream = source), (thrown) => void (failure = { thrown }))
    .then(() => news.resolve());
  await news.promise;
  if (failure && events.length === 0) throw failure.thrown;

  /** The next bytes; undefined when nothing is ready yet. */
  async function readReady(): Promise<{ bytes: Uint8Array | undefined } | undefined> {
    if (events.length > 0) return { bytes: joinBytes(events.splice(0)) };
    if (stream) return { bytes: await stream.read() };
    if (!failure) return undefined;
    const error = (call as ActiveCall).fail(failure.thrown);
    call.log.stream = error.code;
    stream = { read: () => Promise.resolve(undefined), cancel: () => Promise.resolve() };
    return { bytes: formatEvent(toErrorEvent(error)) };
  }

  return {
    async read() {
      for (;;) {
        news = Promise.withResolvers();
        const ready = await readReady();
        if (ready) return ready.bytes;
        await news.promise;
      }
    },
    async cancel() {
      controller.abort(new ApiError(499, "REQUEST_CANCELLED", "The caller closed the connection"));
      await prepared;
      await stream?.cancel();
    },
    // Before the stream begins, the deadlines of the calls end the preparation.
    abandoned: prepared.then(() => stream?.abandoned ?? new Promise(() => {})),
  };
}
