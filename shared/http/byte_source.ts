/** Bytes that are pulled by the reader of a response, one piece at a time. */

/** Bytes of an event stream, pulled one piece at a time. */
export interface ByteSource {
  /**
   * The next bytes to deliver; `undefined` when the stream has ended. A source whose format can
   * report an error never rejects; one of plain text rejects with an `ApiError`, which breaks the
   * connection. The buffer behind the bytes is handed over: it must not be used again.
   */
  read(): Promise<Uint8Array | undefined>;
  /** The caller closed the connection: release everything. The promise never rejects. */
  cancel(): Promise<void>;
  /** Settles when the stream has ended by itself although the caller reads nothing. */
  readonly abandoned?: Promise<void>;
}

/** What the owner of a stream wants to know about it. */
export interface StreamEvents {
  /** Bytes are about to be delivered. */
  onBytes(): void;
  /** Everything was delivered, or nothing more will be; the stream closes when the promise resolves. */
  onEnd(): Promise<void>;
  /** The source rejected. The stream is cut, so that readers see it is incomplete. */
  onBug(thrown: unknown): void;
}

/**
 * Creates the stream that delivers a source.
 *
 * Nothing is read before the stream is read. `cancel` is the only reliable sign that a caller
 * has closed the connection, so a source is released there and nowhere else.
 */
export function toByteStream(
  source: ByteSource,
  { onBytes, onEnd, onBug }: StreamEvents,
): ReadableStream<Uint8Array> {
  let isCancelled = false;
  source.abandoned?.then(onEnd);
  return new ReadableStream({
    async pull(controller) {
      let bytes: Uint8Array | undefined;
      try {
        do bytes = await source.read(); while (bytes?.length === 0 && !isCancelled);
      } catch (thrown) {
        onBug(thrown);
        await onEnd();
        throw thrown;
      }
      if (isCancelled) return;
      if (bytes) {
        onBytes();
        controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
        return;
      }
      await onEnd();
      if (isCancelled) return;
      controller.close();
    },
    async cancel() {
      isCancelled = true;
      try {
        await source.cancel();
      } catch (thrown) {
        onBug(thrown);
      }
      await onEnd();
    },
  }, { highWaterMark: 0 });
}
