/** A request as code to copy: for the shell, for any program, and for the client. */

/** A request of a panel. */
export interface ApiRequest {
  title: string;
  url: string;
  /** Sent by POST; without a body the request is a GET. */
  body?: unknown;
  /** The same request with the client, or with InsForge's SDK. */
  client: string;
}

/** A longer argument is too long for some systems; JSON may have three bytes per character. */
const MAX_ARGUMENT = 30_000;

/** The three ways to write a request. */
export type Form = "curl" | "fetch" | "client";

/** Writes a request as code. It contains the name of the access token, never the token. */
export function toCode({ url, body, client }: ApiRequest, form: Form): string {
  if (form === "client") return client;
  return form === "curl" ? toCurl(url, body) : toFetch(url, body);
}

/** Shortens the bytes of images. */
export function shorten(code: string): string {
  return code.replace(
    /(;base64,[A-Za-z0-9+/]{24})([A-Za-z0-9+/=]{40,})/g,
    (_, start, rest) => `${start}… ${Math.ceil(rest.length / 1_024)} KB more …`,
  );
}

function toCurl(url: string, body: unknown): string {
  const lines = [`curl -sN ${quote(url)}`, `-H "Authorization: Bearer $TOKEN"`];
  if (body !== undefined) {
    const json = JSON.stringify(body, null, 2);
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(json.length < MAX_ARGUMENT ? `-d ${quote(json)}` : `-d @- <<'END'\n${json}\nEND`);
  }
  return lines.join(" \\\n  ");
}

/** In single quotes only the quote itself is special to a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function toFetch(url: string, body: unknown): string {
  const headers = ["Authorization: `Bearer ${$TOKEN}`"];
  if (body !== undefined) headers.push('"Content-Type": "application/json"');
  const lines = [`headers: { ${headers.join(", ")} },`];
  if (body !== undefined) {
    lines.unshift('method: "POST",');
    lines.push(`body: JSON.stringify(${indent(JSON.stringify(body, null, 2))}),`);
  }
  return `const response = await fetch(${JSON.stringify(url)}, {\n  ${lines.join("\n  ")}\n});`;
}

function indent(text: string): string {
  return text.replaceAll("\n", "\n  ");
}

/** Writes code that creates a client, followed by `lines`. */
export function toClientCode(functionsUrl: string, ...lines: string[]): string {
  return [
    'import { createAiClient } from "insforge-ai-functions/client";',
    "",
    "const ai = createAiClient({",
    `  functionsUrl: ${JSON.stringify(functionsUrl)},`,
    "  getAccessToken: () => $TOKEN, // or pass your InsForge client: { insforge }",
    "});",
    "",
    ...lines,
  ].join("\n");
}
