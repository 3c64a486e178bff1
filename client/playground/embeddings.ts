/** How similar texts are, by their embedding vectors. */
import { toClientCode } from "./api_request.ts";
import { toMeta } from "./answer.ts";
import { announce, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import { createHeatMap } from "./heat_map.ts";
import { createModelPicker } from "./model_picker.ts";
import { createRunner } from "./runner.ts";
import type { Panel, Workbench } from "./workbench.ts";

/** A larger table would not be readable. */
const MAX_LINES = 24;

const EXAMPLE = [
  "The invoice was charged twice",
  "Why was my invoice charged twice this month?",
  "How do I export my records as CSV?",
  "Export all records to a CSV file",
  "The app crashes when I open the settings",
].join("\n");

/** Makes the embeddings tab work. */
export function createEmbeddings(workbench: Workbench): Panel {
  const { functionsUrl, spending } = workbench;
  const ai = workbench.createClient();
  const form = findElement("embeddings-form", HTMLFormElement);
  const lines = findElement("lines", HTMLTextAreaElement);
  const model = findElement("embedding-model", HTMLInputElement);
  const output = findElement("similarity");
  const runner = createRunner(findElement("stop-comparing"));
  lines.defaultValue = EXAMPLE;

  function readLines(): string[] {
    return lines.value.split("\n").map((line) => line.trim()).filter(Boolean);
  }

  function toRequest() {
    return { input: readLines().slice(0, MAX_LINES), model: model.value.trim() || undefined };
  }

  async function compare(signal: AbortSignal): Promise<void> {
    const request = toRequest();
    if (request.input.length === 0) return;
    const count = readLines().length;
    output.replaceChildren(createElement("p", { class: "note" }, "Comparing …"));
    try {
      const answer = await ai.embeddings(request, { signal });
      spending.add(answer.model, answer.usage);
      output.replaceChildren(
        createHeatMap(request.input, answer.embeddings),
        createElement(
          "p",
          { class: "meta" },
          `${count > MAX_LINES ? `The first ${MAX_LINES} of ${count} lines · ` : ""}` +
            `${answer.dimensions} dimensions · ${toMeta(answer.model, answer.usage)}`,
        ),
      );
      announce(`${request.input.length} lines compared`);
    } catch (error) {
      output.replaceChildren(
        signal.aborted ? "" : createFailure(error, () => void runner.run(compare)),
      );
    }
  }

  createModelPicker(
    model,
    () => workbench.models().filter(({ output }) => output.includes("embeddings")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void runner.run(compare);
  });

  return {
    requests: () => [{
      title: "Embeddings",
      url: `${functionsUrl}/embeddings`,
      body: toRequest(),
      client: toClientCode(
        functionsUrl,
        `const { embeddings } = await ai.embeddings(${JSON.stringify(toRequest(), null, 2)});`,
      ),
    }],
    stop: runner.stop,
    clear() {
      runner.stop();
      output.replaceChildren();
    },
  };
}
