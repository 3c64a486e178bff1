/** The settings with which functions reach the simulated gateways. */
import type { Settings } from "../../../../shared/settings.ts";

/**
 * Returns the settings of the simulated gateways. Gateways whose key is set are real and left out.
 *
 * @param url the URL of the simulated OpenRouter.
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
