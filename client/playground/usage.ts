/** What has been used: by the calls of this page, and by the account as the function `usage` has it. */
import { readError } from "../ai_error.ts";
import { toClientCode } from "./api_request.ts";
import { type Child, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import { type Spent, toCount, toDollars } from "./spending.ts";
import { createTable } from "./table.ts";
import type { Panel, Workbench } from "./workbench.ts";

/** A sum of the account, as far as it is looked at. */
interface Sum {
  day?: string;
  model?: string;
  own_key?: boolean;
  requests?: number;
  prompt_tokens?: number;
  completion_tokens?: number;
  usd?: number;
}

const HEAD = ["Requests", "Tokens in", "Tokens out", "Cost"];

/** Makes the usage tab work. */
export function createUsage({ setup, session, functionsUrl, spending }: Workbench): Panel {
  const isServed = setup.slugs.includes("usage");
  const page = findElement("page-usage");
  const account = findElement("account-usage");

  function showPage(): void {
    const spent = spending.list();
    page.replaceChildren(
      createElement("h3", {}, "This page"),
      spent.length === 0
        ? createElement("p", { class: "note" }, "Nothing has been asked yet.")
        : createTable("By model", ["Model", ...HEAD], [
          ...spent.map((one) => [one.model, ...toCells(one)]),
          ["All", ...toCells(spending.sum())],
        ]),
    );
  }

  async function showAccount(): Promise<void> {
    if (!isServed) return;
    try {
      const response = await session.fetch("/usage");
      if (!response.ok) throw await readError(response);
      account.replaceChildren(...toAccount(Object(await response.json())));
    } catch (error) {
      const failure = createFailure(error, () => void showAccount());
      account.replaceChildren(createElement("h3", {}, "Your account"), failure);
    }
  }

  return {
    requests: () =>
      isServed
        ? [{
          title: "Usage",
          url: `${functionsUrl}/usage`,
          client: toClientCode(functionsUrl, "// The client has no method for this: use fetch."),
        }]
        : [],
    show() {
      showPage();
      void showAccount();
    },
    clear() {
      page.replaceChildren();
      account.replaceChildren();
    },
  };
}

function toAccount(answer: Record<string, unknown>): HTMLElement[] {
  const { today, month, days, limits } = answer as {
    today?: Sum;
    month?: Sum;
    days?: Sum[];
    limits?: Record<string, unknown>;
  };
  const rows = (Array.isArray(days) ? days : []).map((sum): Child[] => [
    sum.day ?? "",
    `${sum.model ?? ""}${sum.own_key ? " (own key)" : ""}`,
    ...toAccountCells(sum),
  ]);
  const set = Object.entries(limits ?? {}).filter(([, value]) => typeof value !== "object");
  return [
    createElement("h3", {}, "Your account"),
    createTable("Sums, days and months by UTC", ["Period", ...HEAD], [
      ["Today", ...toAccountCells(today ?? {})],
      ["This month", ...toAccountCells(month ?? {})],
    ]),
    ...rows.length > 0 ? [createTable("By day and model", ["Day", "Model", ...HEAD], rows)] : [],
    ...set.length > 0
      ? [createTable(
        "Limits",
        ["Limit", "Value"],
        set.map(([name, value]) => [
          name.replaceAll("_", " "),
          String(value),
        ]),
      )]
      : [],
  ];
}

function toAccountCells(sum: Sum): Child[] {
  return toCells({
    model: "",
    requests: sum.requests ?? 0,
    promptTokens: sum.prompt_tokens ?? 0,
    completionTokens: sum.completion_tokens ?? 0,
    usd: sum.usd ?? 0,
  });
}

function toCells({ requests, promptTokens, completionTokens, usd }: Spent): Child[] {
  return [toCount(requests), toCount(promptTokens), toCount(completionTokens), toDollars(usd)];
}
