/** A TCP connection written by hand, for what no HTTP client would do. */

/** A connection to a server; disposing of it closes it. */
export interface RawConnection extends Disposable {
  write(text: string): Promise<void>;
  /** Reads until `text` has arrived; returns everything read so far. */
  readUntil(text: string): Promise<string>;
  /** Reads until the other side closes the connection; returns what {@link readUntil} has not. */
  readToEnd(): Promise<string>;
}

/** Connects to the server at `url` and sends `text`. */
export async function openConnection(url: string, text = ""): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let isOpen = true;

  const read = async (): Promise<string | undefined> => {
    try {
      const count = await socket.read(buffer);
      return count === null ? undefined : decoder.decode(buffer.subarray(0, count));
    } catch (error) {
      // A server may also reset the connection.
      if (error instanceof Deno.errors.ConnectionReset) return undefined;
      throw error;
    }
  };
  const connection: RawConnection = {
    async write(text) {
      const bytes = new TextEncoder().encode(text);
      for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
    },
    async readUntil(text) {
      let all = "";
      while (!all.includes(text)) {
        const piece = await read();
        if (piece === undefined) throw new Error(`The connection ended before "${text}": ${all}`);
        all += piece;
      }
      return all;
    },
    async readToEnd() {
      let all = "";
      for (let piece = await read(); piece !== undefined; piece = await read()) all += piece;
      return all;
    },
    [Symbol.dispose]() {
      if (isOpen) socket.close();
      isOpen = false;
    },
  };
  await connection.write(text);
  return connection;
}
