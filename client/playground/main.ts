/** The playground: a page to try the functions as a signed-in user. */
import { createAiClient } from "../mod.ts";
import { type ModelEntry, readCatalogue } from "./catalogue.ts";
import { createChat } from "./chat.ts";
import { createConnectPanel } from "./connect_panel.ts";
import { announce, createElement, findElement } from "./element.ts";
import { createEmbeddings } from "./embeddings.ts";
import { createFailure } from "./failure.ts";
import { createImages } from "./images.ts";
import { createInspector } from "./inspector.ts";
import { createRecords } from "./records.ts";
import { createSession } from "./session.ts";
import { readSetup, type Setup } from "./setup.ts";
import { createSpending, toCount, toDollars } from "./spending.ts";
import { createTabs } from "./tabs.ts";
import { createTappedFetch } from "./tapped_fetch.ts";
import { startTheme } from "./theme.ts";
import { createUsage } from "./usage.ts";
import { startWelcome } from "./welcome.ts";
import type { Panel, Workbench } from "./workbench.ts";

const SIMULATED = "The models are simulated on this machine: no AI answers, and nothing is billed";

startTheme(findElement("theme"));
try {
  start(await readSetup());
} catch (error) {
  findElement("page-failure").replaceChildren(createFailure(error, () => location.reload()));
}

function start(setup: Setup): void {
  const session = createSession(setup.insforgeUrl, showSession);
  const inspector = createInspector();
  const spending = createSpending(showSpending);
  let models: ModelEntry[] = [];
  const functionsUrl = location.origin;
  const { getAccessToken } = session;
  const workbench: Workbench = {
    setup,
    session,
    functionsUrl,
    spending,
    models: () => models,
    createClient: (...watchers) => {
      const fetch = createTappedFetch(inspector.watch, ...watchers);
      return createAiClient({ functionsUrl, getAccessToken, fetch });
    },
  };
  const panels: Record<string, Panel> = {
    chat: createChat(workbench),
    records: createRecords(workbench),
    embeddings: createEmbeddings(workbench),
    images: createImages(workbench),
    usage: createUsage(workbench),
    connect: createConnectPanel(workbench),
  };
  findElement("tab-connect").hidden = !setup.slugs.includes("connect");
  if (setup.isSimulated) {
    for (const heading of document.querySelectorAll(".panel > h2, .bar h2")) {
      heading.after(createElement("span", { class: "badge", title: SIMULATED }, "simulated"));
    }
  }
  const tabs = createTabs(findElement("function-tabs"), showPanel);

  function showPanel(tab: string): void {
    const shown = tab.slice("tab-".length);
    for (const id of Object.keys(panels)) findElement(id).hidden = id !== shown;
    const panel = panels[shown]!;
    findElement("inspector").hidden = panel.requests().length === 0;
    inspector.inspect(panel.requests);
    history.replaceState(null, "", `#${shown}`);
    if (session.name) panel.show?.();
  }

  function showSession(reason = ""): void {
    const { name } = session;
    delete document.documentElement.dataset.returning;
    findElement("welcome").hidden = name !== undefined;
    for (const id of ["workbench", "account"]) findElement(id).hidden = name === undefined;
    findElement("account-name").textContent = name ?? "";
    findElement("sign-in-failure").textContent = reason;
    if (name === undefined) {
      for (const form of document.forms) form.reset();
      announce("");
      for (const panel of Object.values(panels)) panel.clear();
      spending.clear();
      inspector.clear();
      models = [];
      if (document.activeElement !== document.body) findElement("main").focus();
      return;
    }
    // Without a catalogue, users can still type any model's id.
    readCatalogue(session).then((list) => models = list, () => {});
    // OpenRouter leads back to the page without its fragment.
    const isBack = new URLSearchParams(location.search).has("connect_state");
    const asked = isBack ? "connect" : location.hash.slice(1);
    tabs.choose(`tab-${Object.hasOwn(panels, asked) ? asked : "chat"}`);
    scrollTo(0, 0);
    // On a touch screen, a focused text field would open the keyboard.
    const isChat = tabs.chosen === "tab-chat" && matchMedia("(hover: hover)").matches;
    findElement(isChat ? "prompt" : tabs.chosen).focus({ preventScroll: true });
  }

  function showSpending(): void {
    const { requests, promptTokens, completionTokens, usd } = spending.sum();
    findElement("spent").textContent = requests === 0
      ? ""
      : `${toCount(promptTokens + completionTokens)} tokens · ${toDollars(usd)} on this page`;
  }

  startWelcome(setup, session);
  findElement("sign-out").addEventListener("click", session.signOut);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !session.name) return;
    if (panels[tabs.chosen.slice("tab-".length)]?.stop?.()) event.preventDefault();
  });
  // A file dropped beside its target must not replace the page.
  for (const type of ["dragover", "drop"]) {
    document.addEventListener(type, (event) => event.preventDefault());
  }
  showSession();
}
