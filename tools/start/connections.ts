/** The open connections of a server, and how they end when it stops. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** One open connection, and the request that is running on it. */
interface Connection {
  request?: IncomingMessage;
  response?: ServerResponse;
  /** The `bytesWritten` of the socket when it was last checked. */
  written: number;
}

/** Ends the connections of a server. */
export interface Connections {
  /** Closes every connection at once. */
  destroy(): void;
  /**
   * Closes each connection when its response has ended, and those without a request at once. A
   * connection on which the caller sends or reads nothing more is closed after up to two intervals.
   *
   * @returns the interval's timer, for the caller to clear once the server is closed.
   */
  drain(intervalMs: number): ReturnType<typeof setInterval>;
}

/** Follows the connections of a server from now on. */
export function trackConnections(server: Server): Connections {
  const open = new Map<Socket, Connection>();
  let draining = false;

  server.on("connection", (socket) => {
    open.set(socket, { written: 0 });
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", (request, response) => {
    const connection = open.get(request.socket);
    if (!connection) return;
    Object.assign(connection, { request, response });
    if (draining) response.shouldKeepAlive = false;
    // The unread rest of a request precedes the next one on the connection.
    response.once("finish", () => request.resume());
    response.once("close", () => {
      connection.request = connection.response = undefined;
      if (draining) request.socket.destroySoon();
    });
  });

  return {
    destroy: () => open.forEach((_, socket) => socket.destroy()),
    drain: (intervalMs) => {
      draining = true;
      for (const [socket, connection] of open) {
        connection.written = socket.bytesWritten;
        if (!connection.response) socket.destroy();
        else connection.response.shouldKeepAlive = false;
      }
      return setInterval(() => {
        for (const [socket, connection] of open) {
          if (isStuck(socket, connection)) socket.destroy();
          connection.written = socket.bytesWritten;
        }
      }, intervalMs);
    },
  };
}

/** Whether the caller has not sent its whole request, or has stopped reading the response. */
function isStuck(socket: Socket, { request, written }: Connection): boolean {
  if (!request?.complete) return true;
  return socket.writableLength > 0 && socket.bytesWritten === written;
}
