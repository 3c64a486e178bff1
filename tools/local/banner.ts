/** What `deno task serve` tells: where everything is, and two commands to paste. */
import { DEMO_USERS } from "./insforge/demo.ts";
import type { Stack } from "./stack.ts";

const [{ email, password }] = DEMO_USERS;

/** Describes a running stack, with commands that work as they are. */
export function describe(stack: Stack): string {
  const { functionsUrl, insforgeUrl, gateway, gatewayUrl, slugs, insforge, openrouter } = stack;
  const lines = [
    `Playground  ${functionsUrl}/   API reference ${functionsUrl}/docs`,
    `Functions   ${functionsUrl}/<slug>   ${slugs.join(" ")}`,
    insforge
      ? `InsForge    ${insforgeUrl}   embedded, for development only; user ${email}, password ${password}`
      : `InsForge    ${insforgeUrl}`,
    `${gateway.padEnd(10)}  ${gatewayUrl}` +
    (openrouter ? "   simulated, for development only" : ""),
    "",
    "An answer, token by token:",
    "",
    toCurl(stack, "stream", { prompt: "What should I cook tonight?" }),
    "",
    "A summary of the rows this user may read:",
    "",
    toCurl(stack, "summarize-records", {
      table: insforge ? "support_tickets" : "your_table",
      limit: 200,
    }),
  ];
  return lines.join("\n");
}

/** One command; with the embedded InsForge it signs the demo user in first. */
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
  return `curl -N ${functionsUrl}/${slug} -H "Authorization: Bearer ${token}" ` +
    `-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}
