/** Rows of a table that the user may read, and their summary. */
import { AiError, readAiError } from "../ai_error.ts";
import { createAnswer } from "./answer.ts";
import { type ApiRequest, toClientCode } from "./api_request.ts";
import { announce, type Child, createButton, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import { createRunner } from "./runner.ts";
import { toCount } from "./spending.ts";
import { createTable } from "./table.ts";
import type { Panel, Workbench } from "./workbench.ts";

const PAGE_ROWS = 20;
/** Text with more characters gets a wide column. */
const LONG_TEXT = 48;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)?$/;

/** Makes the records tab work. */
export function createRecords(workbench: Workbench): Panel {
  const { setup, session, functionsUrl, spending } = workbench;
  const ai = workbench.createClient();
  const form = findElement("records-form", HTMLFormElement);
  const table = findElement("table", HTMLInputElement);
  const limit = findElement("row-limit", HTMLInputElement);
  const instructions = findElement("instructions", HTMLTextAreaElement);
  const rows = findElement("rows");
  const summary = findElement("summary");
  const runner = createRunner(findElement("stop-summary"));
  const start = () => void runner.run(summarize);
  let isShown = false;
  let reading = new AbortController();

  function toRequest() {
    return {
      table: table.value.trim(),
      limit: Number(limit.value),
      instructions: instructions.value.trim() || undefined,
    };
  }

  function toRowsUrl(offset: number): string {
    const query = new URLSearchParams({ limit: String(PAGE_ROWS), offset: String(offset) });
    return `${setup.insforgeUrl}/api/database/records/${
      encodeURIComponent(table.value.trim())
    }?${query}`;
  }

  async function showRows(offset: number): Promise<void> {
    reading.abort(); // an earlier response may arrive later
    const { signal } = reading = new AbortController();
    rows.setAttribute("aria-busy", "true");
    try {
      const init = { headers: { Prefer: "count=exact" }, signal };
      const response = await session.fetch(toRowsUrl(offset), init).catch((cause) => {
        throw new AiError(0, "NETWORK_ERROR", "InsForge could not be reached", { cause });
      });
      if (!response.ok) throw await readAiError(response);
      const page: Record<string, unknown>[] = await response.json();
      // `0-19/120` when the count is known.
      const total = Number(response.headers.get("Content-Range")?.split("/")[1]) || undefined;
      rows.replaceChildren(...toPage(page, offset, total));
      announce(`${page.length} rows`);
    } catch (error) {
      if (signal.aborted) return;
      rows.replaceChildren(createFailure(error, () => void showRows(offset)));
    }
    rows.removeAttribute("aria-busy");
  }

  function toPage(page: Record<string, unknown>[], offset: number, total?: number): HTMLElement[] {
    if (page.length === 0) {
      return [createElement("p", { class: "note" }, "The table has no rows that you may read.")];
    }
    const columns = Object.keys(page[0] ?? {});
    const last = offset + page.length;
    const range = `${toCount(offset + 1)}–${toCount(last)}${total ? ` of ${toCount(total)}` : ""}`;
    const turn = (name: string, to: number, isThere: boolean) => {
      const button = createButton("plain", () => void showRows(to), name);
      button.disabled = !isThere;
      return button;
    };
    const hasMore = total ? last < total : page.length === PAGE_ROWS;
    return [
      createTable(
        `Rows ${range} of ${table.value.trim()}`,
        columns,
        page.map((row) => columns.map((column) => toCell(row[column]))),
      ),
      createElement(
        "div",
        { class: "actions" },
        turn("Previous", Math.max(0, offset - PAGE_ROWS), offset > 0),
        turn("Next", last, hasMore),
      ),
    ];
  }

  async function summarize(signal: AbortSignal): Promise<void> {
    const facts = createElement("p", { class: "facts" }, "Reading the rows …");
    const view = createAnswer(() => {});
    summary.replaceChildren(createElement("h3", {}, "Summary"), facts, view.element);
    announce("The summary is being written");
    try {
      for await (const part of ai.streamSummary(toRequest(), { signal })) {
        if (part.type === "summary") {
          const { rows_read, truncated, chunks } = part.summary;
          facts.textContent = `${toCount(rows_read)} rows read · ` +
            `${truncated ? "more rows exist" : "all rows"} · ` +
            `${chunks} ${chunks === 1 ? "chunk" : "chunks"}`;
        }
        view.show(part);
        if (part.type === "error") throw part.error;
      }
      announce(`Summary: ${view.text.slice(0, 600)}`);
    } catch (error) {
      if (signal.aborted) view.note("Stopped.");
      else view.tail.append(createFailure(error, start));
    } finally {
      view.end();
      // After signing out, the sums belong to another user.
      if (session.name && view.usage?.total_tokens) spending.add(view.model, view.usage);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  findElement("show-rows").addEventListener("click", () => void showRows(0));
  table.addEventListener("change", () => void showRows(0));

  return {
    requests: () => [
      toSummaryRequest(functionsUrl, toRequest()),
      toRowsRequest(toRowsUrl(0), table.value.trim()),
    ],
    show() {
      if (!isShown) void showRows(0);
      isShown = true;
    },
    stop: runner.stop,
    clear() {
      runner.stop();
      reading.abort();
      rows.replaceChildren();
      summary.replaceChildren();
      isShown = false;
    },
  };
}

/** Ids and times are short, so that texts get the width. The full value is in the title. */
function toCell(value: unknown): Child {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? "").replace(/^""$/, "");
  if (UUID.test(text)) return createElement("code", { title: text }, `${text.slice(0, 6)}…`);
  if (TIME.test(text)) {
    return createElement("time", { title: text }, text.slice(0, 16).replace("T", " "));
  }
  if (text.length <= LONG_TEXT) return text;
  return createElement(
    "span",
    { class: "long" },
    text.length > 300 ? `${text.slice(0, 299)}…` : text,
  );
}

function toSummaryRequest(functionsUrl: string, request: unknown): ApiRequest {
  return {
    title: "Summary",
    url: `${functionsUrl}/summarize-records`,
    body: { ...Object(request), stream: true },
    client: toClientCode(
      functionsUrl,
      `for await (const part of ai.streamSummary(${JSON.stringify(request, null, 2)})) {`,
      '  if (part.type === "summary") console.log(part.summary.rows_read);',
      '  if (part.type === "text") output.textContent += part.text;',
      '  if (part.type === "error") throw part.error;',
      "}",
    ),
  };
}

function toRowsRequest(url: string, table: string): ApiRequest {
  return {
    title: "Rows, from InsForge",
    url,
    client: [
      "// With your InsForge client",
      "const { data, error } = await insforge.database",
      `  .from(${JSON.stringify(table)})`,
      '  .select("*")',
      `  .range(0, ${PAGE_ROWS - 1});`,
    ].join("\n"),
  };
}
