/** What `deno task serve` prints: where everything is, the keys and users, and code to paste. */
import { DEMO_USERS } from "./insforge/demo.ts";
import type { Stack } from "./stack.ts";

const PROMPT = "What should I cook tonight?";
const QUESTION = "Which customers were charged twice?";

const [{ email, password }] = DEMO_USERS;

/** Describes a running stack. The code and the commands work when they are pasted. */
export function describeStack(stack: Stack): string {
  const commands = listRequests(stack).map(([slug, body]) => toCurl(stack, slug, body));
  return [
    ...listParts(stack),
    "",
    "In your app:",
    "",
    ...toSnippet(stack),
    ...(commands.length > 0 ? ["", "In a shell:", "", ...commands] : []),
  ].join("\n");
}

/** Requests to try; an app has only some of the functions, and only demo data has an index. */
function listRequests({ insforge, slugs, assistant }: Stack): [slug: string, body: unknown][] {
  const table = insforge ? "support_tickets" : "your_table";
  const requests: [slug: string, body: unknown][] = [
    ["stream", { assistant, prompt: PROMPT }],
    ["summarize-records", { table, limit: 200 }],
  ];
  if (insforge) requests.push(["ask-records", { assistant, question: QUESTION, table }]);
  return requests.filter(([slug]) => slugs.includes(slug));
}

function listParts(stack: Stack): string[] {
  const { functionsUrl, insforgeUrl, gateway, gatewayUrl, insforge, openrouter } = stack;
  const parts: [name: string, value: string][] = [
    ["Functions", `${functionsUrl}   playground: /   API reference: /docs`],
    ["InsForge", insforgeUrl + (insforge ? "   embedded, for development only" : "")],
    [gateway, gatewayUrl + (openrouter ? "   simulated, for development only" : "")],
  ];
  if (insforge) {
    const { ANON_KEY = "", API_KEY = "" } = insforge.secrets;
    parts.push(["Anon key", ANON_KEY], ["API key", `${API_KEY}   secret: for servers only`]);
    for (const user of DEMO_USERS) parts.push(["User", `${user.email}   ${user.password}`]);
  }
  return parts.map(([name, value]) => `${name.padEnd(10)}  ${value}`);
}

/** Four lines of TypeScript that stream an answer; with the embedded InsForge they sign in first. */
function toSnippet({ functionsUrl, insforgeUrl, insforge, assistant }: Stack): string[] {
  const named = assistant ? `assistant: "${assistant}", ` : "";
  const request = `{ method: "POST", headers: { "Content-Type": "application/json" }, ` +
    `body: JSON.stringify(${JSON.stringify({ email, password })}) }`;
  const token = insforge
    ? `const { accessToken } = await (await fetch("${insforgeUrl}/api/auth/sessions", ${request})).json();`
    : 'const accessToken = "<access token of a signed-in user>";';
  return [
    'import { createAiClient } from "insforge-ai-functions/client";',
    token,
    `const ai = createAiClient({ functionsUrl: "${functionsUrl}", getAccessToken: () => accessToken });`,
    `for await (const part of ai.stream({ ${named}prompt: "${PROMPT}" })) ` +
    `if (part.type === "text") document.body.append(part.text);`,
  ];
}

/** A command for a shell; with the embedded InsForge it signs the demo user in first. */
function toCurl(
  { functionsUrl, insforgeUrl, insforge }: Stack,
  slug: string,
  body: unknown,
): string {
  const signIn = JSON.stringify({ email, password });
  const token = insforge
    ? `$(curl -s ${insforgeUrl}/api/auth/sessions -H 'Content-Type: application/json' ` +
      `-d '${signIn}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`
    : "<access token of a signed-in user>";
  return `curl -sN ${functionsUrl}/${slug} -H "Authorization: Bearer ${token}" ` +
    `-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}
