/** How functions reach the simulated gateways. */
import type { Settings } from "../../../../shared/settings.ts";

/**
 * The settings that lead to the simulated gateways, but for those whose key is set: they are real.
 *
 * @param url where the simulated OpenRouter is served.
 */
export function toSimulatedGateways(url: string, settings: Settings): Record<string, string> {
  return {
    ...(!settings.PINATA_LLM_KEY && {
      PINATA_LLM_KEY: "pinata-local",
      PINATA_BASE_URL: `${url}/v0/llm`,
    }),
    ...(!settings.PINME_API_KEY && {
      PINME_API_KEY: "pinme-local",
      PINME_PROJECT_NAME: "local",
      PINME_BASE_URL: `${url}/pinme`,
    }),
  };
}
