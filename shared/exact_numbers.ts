/** Numbers of a database that JavaScript has no numbers for: large keys, long decimals. */

/** What newer engines tell a reviver beside key and value. */
interface Source {
  source?: string;
}

/**
 * Fetches as `fetch` does; in an answer of JSON every number that would become another one when it
 * is parsed is a text, as PostgreSQL wrote it. An answer that is no JSON comes as it is.
 */
export async function fetchExactly(...request: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(...request);
  if (!response.body) return response;
  const text = await response.text();
  return new Response(toExactJson(text), response);
}

/** The same JSON, inexact numbers as texts. */
function toExactJson(text: string): string {
  if (!/\d[\d.]{15}/.test(text)) return text; // shorter ones are exact, and most rows have no others
  try {
    return JSON.stringify(JSON.parse(text, toExact));
  } catch {
    return text;
  }
}

function toExact(_key: string, value: unknown, { source = "" }: Source = {}): unknown {
  if (typeof value !== "number" || source === "") return value;
  return toDigits(source) === toDigits(String(value)) ? value : source;
}

/** The digits that count: neither sign, point and exponent nor zeros at either end. */
function toDigits(number: string): string {
  return number.replace(/e.*$/i, "").replace(/[-.]/g, "").replace(/^0+/, "").replace(/0+$/, "");
}
