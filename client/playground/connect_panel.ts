/** The user's own OpenRouter account: connect it, see its limits, disconnect it. */
import type { Connection } from "../mod.ts";
import { toClientCode } from "./api_request.ts";
import { announce, createButton, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import { toDollars } from "./spending.ts";
import type { Panel, Workbench } from "./workbench.ts";

/** Makes the connect tab work. */
export function createConnectPanel({ functionsUrl, createClient }: Workbench): Panel {
  const output = findElement("connection");
  const { connect } = createClient();
  let reading = new AbortController();

  /** Shows the connection that `read` returns, or why it failed. */
  async function show(read: typeof connect.status): Promise<void> {
    reading.abort();
    const { signal } = reading = new AbortController();
    try {
      output.replaceChildren(...toElements(await read({ signal })));
    } catch (error) {
      if (!signal.aborted) {
        output.replaceChildren(createFailure(error, () => void show(connect.status)));
      }
    }
  }

  async function start(): Promise<void> {
    try {
      location.href = (await connect.start(`${location.origin}/`)).url;
    } catch (error) {
      output.replaceChildren(createFailure(error, () => void start()));
    }
  }

  function toElements(connection: Connection): HTMLElement[] {
    const { connected, valid, label, limit_remaining, usage, manage_url } = connection;
    announce(connected ? "Connected" : "Not connected");
    if (!connected) {
      return [
        createElement("p", {}, "Not connected: the app pays for your calls."),
        createButton("", () => void start(), "Connect with OpenRouter"),
      ];
    }
    const facts = [
      label && `key ${label}`,
      usage !== undefined && `${toDollars(usage)} used`,
      typeof limit_remaining === "number" && `${toDollars(limit_remaining)} left`,
    ].filter(Boolean);
    return [
      createElement(
        "p",
        {},
        valid === false
          ? "OpenRouter no longer accepts your key. Connect again."
          : "Connected: your OpenRouter account pays for your calls.",
      ),
      createElement("p", { class: "facts" }, facts.join(" · ")),
      createElement(
        "div",
        { class: "actions" },
        valid === false && createButton("", () => void start(), "Connect again"),
        createButton("plain", () => void show(connect.disconnect), "Disconnect"),
        manage_url && createElement("a", { href: manage_url, rel: "noopener" }, "Manage the key"),
      ),
    ];
  }

  return {
    requests: () => [{
      title: "Connection",
      url: `${functionsUrl}/connect?route=status`,
      client: toClientCode(
        functionsUrl,
        "const { connected, limit_remaining } = await ai.connect.status();",
        "if (!connected) {",
        "  location.href = (await ai.connect.start(location.href)).url;",
        "}",
        "",
        "// On every page load: finishes a connection when OpenRouter has led back.",
        "await ai.connect.finish();",
      ),
    }],
    show: () =>
      void show(async (options) => await connect.finish(options) ?? await connect.status(options)),
    clear() {
      reading.abort();
      output.replaceChildren();
    },
  };
}
