/** The settings of the chat: model, output limit, a tool, a simulated failure. */
import type { Tool } from "../mod.ts";
import { WEATHER_TOOL } from "./demo_tool.ts";
import { findElement } from "./element.ts";
import { createModelPicker } from "./model_picker.ts";
import { listSimulations, readSimulation } from "./simulations.ts";
import type { Workbench } from "./workbench.ts";

/** The fields of a request beside its messages, without empty ones. */
export interface ChatOptions {
  system?: string;
  model?: string;
  temperature?: number;
  max_tokens?: number;
  tools?: Tool[];
  simulate?: Record<string, unknown>;
}

/** Prepares the fields of the settings. */
export function startChatOptions({ setup, models }: Workbench): void {
  createModelPicker(
    findElement("chat-model", HTMLInputElement),
    () => models().filter(({ output }) => output.includes("text")),
  );
  findElement("tool-definition").textContent = JSON.stringify(WEATHER_TOOL, null, 2);
  const simulate = findElement("simulate", HTMLSelectElement);
  listSimulations(simulate);
  findElement("simulate-field").hidden = !setup.isSimulated;
}

/** Reads the current settings. */
export function readChatOptions(): ChatOptions {
  const text = (id: string) => findElement<HTMLInputElement>(id).value.trim() || undefined;
  const number = (id: string) => text(id) === undefined ? undefined : Number(text(id));
  const options: ChatOptions = {
    system: text("system"),
    model: text("chat-model"),
    temperature: number("temperature"),
    max_tokens: number("max-tokens"),
    tools: findElement("offer-tool", HTMLInputElement).checked ? [WEATHER_TOOL] : undefined,
    simulate: readSimulation(findElement("simulate", HTMLSelectElement)),
  };
  return JSON.parse(JSON.stringify(options));
}
