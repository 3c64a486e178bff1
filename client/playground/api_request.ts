/** A request as code to copy: for the shell, for any program, for the client. */

/** A request that a panel would send now. */
export interface ApiRequest {
  title: string;
  /** POST where there is a body, GET where there is none. */
  url: string;
  body?: unknown;
  /** The same with the client, or with InsForge's SDK where the request goes there. */
  client: string;
}

/** No system takes a longer one, and JSON may have three bytes for a character. */
const MAX_ARGUMENT = 30_000;

/** The three ways to write a request. */
export type Form = "curl" | "fetch" | "client";

/** Writes a request as code. The access token is never in it, only its name. */
export function toCode({ url, body, client }: ApiRequest, form: Form): string {
  if (form === "client") return client;
  return form === "curl" ? toCurl(url, body) : toFetch(url, body);
}

/** Shortens what nobody reads, such as the bytes of an image. */
export function shorten(code: string): string {
  return code.replace(
    /(;base64,[A-Za-z0-9+/]{24})([A-Za-z0-9+/=]{40,})/g,
    (_, start, rest) => `${start}… ${Math.ceil(rest.length / 1_024)} KB more …`,
  );
}

function toCurl(url: string, body: unknown): string {
  const lines = [`curl -N ${quote(url)}`, `-H "Authorization: Bearer $TOKEN"`];
  if (body !== undefined) {
    const json = JSON.stringify(body);
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(json.length < MAX_ARGUMENT ? `-d ${quote(json)}` : `-d @- <<'END'\n${json}\nEND`);
  }
  return lines.join(" \\\n  ");
}

/** For a shell: nothing is special between single quotes but the quote itself. */
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

/** The lines that every use of the client begins with, and then those of this one. */
export function toClientCode(functionsUrl: string, ...lines: string[]): string {
  return [
    'import { createAiClient } from "insforge-ai-client";',
    "",
    "const ai = createAiClient({",
    `  functionsUrl: ${JSON.stringify(functionsUrl)},`,
    "  getAccessToken: () => $TOKEN, // or give it your InsForge client: { insforge }",
    "});",
    "",
    ...lines,
  ].join("\n");
}
