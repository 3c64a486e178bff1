/** Keeps web pages from elsewhere out of the embedded InsForge. */

type Handler = (request: Request) => Response | Promise<Response>;

const LOOPBACK = /^(localhost|[\w.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/**
 * Refuses requests that a web page from elsewhere makes a developer's browser send.
 *
 * A server on 127.0.0.1 is reachable by every page that is open in a browser on the same machine. A
 * page of a foreign origin is recognised by the header `Origin`. A page whose own host name resolves
 * to 127.0.0.1 (DNS rebinding) is recognised by the header `Host`, which `request.url` reflects.
 *
 * @param allowedOrigins further origins that may call, from the setting `ALLOWED_ORIGINS`; `*` has
 *   no effect here.
 * @returns a handler that answers 403 `FORBIDDEN` to such requests and passes on all others.
 */
export function guardLoopback(handler: Handler, allowedOrigins: string[]): Handler {
  return (request) => {
    const origin = request.headers.get("origin");
    const { hostname } = new URL(request.url);
    if (!LOOPBACK.test(hostname)) {
      return refuse(`The embedded InsForge cannot be called as "${hostname}"; use 127.0.0.1`);
    }
    if (origin === null || isLoopback(origin) || allowedOrigins.includes(origin)) {
      return handler(request);
    }
    return refuse(
      `The origin "${origin}" cannot call the embedded InsForge; serve the app from localhost, or ` +
        "add its origin to ALLOWED_ORIGINS",
    );
  };
}

function isLoopback(origin: string): boolean {
  return LOOPBACK.test(URL.parse(origin)?.hostname ?? "");
}

function refuse(message: string): Response {
  return Response.json({ error: "FORBIDDEN", message, statusCode: 403 }, { status: 403 });
}
