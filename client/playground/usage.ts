/** Usage of this page's calls, and of the account as the function `usage` reports it. */
import type { UsageAnswer } from "../mod.ts";
import { toClientCode } from "./api_request.ts";
import { type Child, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import { type Spent, toCount, toDollars } from "./spending.ts";
import { createTable } from "./table.ts";
import type { Panel, Workbench } from "./workbench.ts";

/** The cost comes first, so that it is visible on narrow screens. */
const HEAD = ["Cost", "Requests", "Tokens in", "Tokens out"];

/** Makes the usage tab work. */
export function createUsage({ setup, functionsUrl, spending, createClient }: Workbench): Panel {
  const isServed = setup.slugs.includes("usage");
  const page = findElement("page-usage");
  const account = findElement("account-usage");
  let reading = new AbortController();

  function showPage(): void {
    const spent = spending.list();
    page.replaceChildren(
      createElement("h3", {}, "This page"),
      spent.length === 0
        ? createElement("p", { class: "note" }, "No calls yet.")
        : createTable("By model", ["Model", ...HEAD], [
          ...spent.map((one) => [one.model, ...toCells(one)]),
          ["All", ...toCells(spending.sum())],
        ]),
    );
  }

  async function showAccount(): Promise<void> {
    if (!isServed) return;
    reading.abort();
    const { signal } = reading = new AbortController();
    try {
      account.replaceChildren(...toAccount(await createClient().usage({ signal })));
    } catch (error) {
      if (signal.aborted) return;
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
          client: toClientCode(
            functionsUrl,
            "const { today, month, days, limits } = await ai.usage();",
          ),
        }]
        : [],
    show() {
      showPage();
      void showAccount();
    },
    clear() {
      reading.abort();
      page.replaceChildren();
      account.replaceChildren();
    },
  };
}

function toAccount({ today, month, days, limits }: UsageAnswer): HTMLElement[] {
  const rows = days.map((sum): Child[] => [
    createElement("time", {}, sum.day),
    `${sum.model}${sum.own_key ? " (own key)" : ""}`,
    ...toAccountCells(sum),
  ]);
  const set = Object.entries(limits).map(([name, value]): Child[] => [
    name.replace(/^usd/, "cost").replaceAll("_", " "),
    name.startsWith("usd") ? toDollars(value) : toCount(value),
  ]);
  return [
    createElement("h3", {}, "Your account"),
    createTable("Days and months in UTC", ["Period", ...HEAD], [
      ["Today", ...toAccountCells(today)],
      ["This month", ...toAccountCells(month)],
    ]),
    ...rows.length > 0 ? [createTable("By day and model", ["Day", "Model", ...HEAD], rows)] : [],
    ...set.length > 0 ? [createTable("Limits", ["Limit", "Value"], set)] : [],
  ];
}

function toAccountCells(
  { requests, prompt_tokens, completion_tokens, usd }: UsageAnswer["today"],
): Child[] {
  return toCells({
    model: "",
    requests,
    promptTokens: prompt_tokens,
    completionTokens: completion_tokens,
    usd,
  });
}

function toCells({ requests, promptTokens, completionTokens, usd }: Spent): Child[] {
  return [toDollars(usd), toCount(requests), toCount(promptTokens), toCount(completionTokens)];
}
