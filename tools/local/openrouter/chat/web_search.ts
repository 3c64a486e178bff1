/** OpenRouter's server tool for web search, with results on reserved domains. */
import { invalidRequest } from "../refusal.ts";
import { findKeywords } from "./keywords.ts";
import type { ChatRequest } from "./request.ts";

/** The result of a search. */
export interface Search {
  /** Text to append to the answer, with a link for each result. */
  text: string;
  annotations: Annotation[];
  searches: number;
}

/** A source, with the position of its citation in the answer. */
export interface Annotation {
  type: "url_citation";
  url_citation: {
    url: string;
    title: string;
    content: string;
    start_index: number;
    end_index: number;
  };
}

const TOOL = /^(openrouter:web_search|web_search(_preview)?(_2025_03_11)?|web_search_2025_08_26)$/;
const DEFAULT_RESULTS = 5;
const DEFAULT_TOTAL = 50;
/** How often a model searches. */
const SEARCHES = 2;
const DOMAINS = ["example.com", "example.org", "example.net"];

/** Searches, if the request allows it. */
export function searchWeb(request: ChatRequest, prompt: string): Search | undefined {
  const limits = readLimits(request);
  if (!limits) return undefined;
  const { max_results, max_total_results, max_uses, domains } = limits;
  const keywords = findKeywords(prompt, 8);
  const topic = keywords.slice(0, 3).join(" ") || "the web";
  const searches = Math.min(SEARCHES, max_uses);
  const count = Math.min(searches * max_results, max_total_results);

  let text = "\n\nWhat I found:\n";
  const annotations = Array.from({ length: count }, (_, i): Annotation => {
    const url = `https://${domains[i % domains.length]}/${
      encodeURIComponent(keywords[i % keywords.length] ?? "page")
    }/${i + 1}`;
    const title = `Simulated result ${i + 1}: ${topic}`;
    const link = `[${title}](${url})`;
    text += "\n- ";
    const start_index = text.length;
    text += link;
    const end_index = text.length;
    const content = `A page about ${topic}, made up for this answer.`;
    return { type: "url_citation", url_citation: { url, title, content, start_index, end_index } };
  });
  return count > 0 ? { text, annotations, searches } : { text: "", annotations, searches };
}

/** Moves citations by the length of the text before them. */
export function shiftAnnotations(annotations: Annotation[], offset: number): Annotation[] {
  return annotations.map(({ type, url_citation }) => ({
    type,
    url_citation: {
      ...url_citation,
      start_index: url_citation.start_index + offset,
      end_index: url_citation.end_index + offset,
    },
  }));
}

interface Limits {
  max_results: number;
  max_total_results: number;
  max_uses: number;
  domains: string[];
}

function readLimits({ tools, plugins, model }: ChatRequest): Limits | undefined {
  const tool = tools?.find(({ type }) => TOOL.test(type));
  const plugin = plugins?.find(({ id, enabled }) => id === "web" && enabled !== false);
  if (!tool && !plugin && !model?.endsWith(":online")) return undefined;
  const given = (tool?.parameters ?? plugin ?? {}) as Record<string, unknown>;
  const allowed = readDomains(given.allowed_domains ?? given.include_domains);
  const excluded = readDomains(given.excluded_domains ?? given.exclude_domains);
  if (allowed.length > 0 && excluded.length > 0) {
    throw invalidRequest('"allowed_domains" and "excluded_domains" are mutually exclusive');
  }
  const domains = allowed.length > 0 ? allowed : DOMAINS.filter((name) => !excluded.includes(name));
  return {
    max_results: readLimit(given, "max_results", DEFAULT_RESULTS, 25),
    max_total_results: domains.length === 0
      ? 0
      : readLimit(given, "max_total_results", DEFAULT_TOTAL),
    max_uses: readLimit(given, "max_uses", SEARCHES),
    domains,
  };
}

function readDomains(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function readLimit(given: Record<string, unknown>, name: string, fallback: number, max = Infinity) {
  const value = given[name] ?? fallback;
  if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > max) {
    throw invalidRequest(`Invalid "${name}"`);
  }
  return Number(value);
}
