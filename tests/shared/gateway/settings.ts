/** Settings of projects with each gateway, for its tests. */
import { createSettings, type Settings } from "../../../shared/settings.ts";

const ATTRIBUTION = { OPENROUTER_SITE_URL: "https://app.example", OPENROUTER_APP_NAME: "My app" };
export const OPENROUTER = { OPENROUTER_API_KEY: "sk", ...ATTRIBUTION };
export const PINATA = { AI_GATEWAY: "pinata", PINATA_LLM_KEY: "p1n", ...ATTRIBUTION };
export const PINME = {
  AI_GATEWAY: "pinme",
  PINME_API_KEY: "pm-1",
  PINME_PROJECT_NAME: "my proj&x",
  ...ATTRIBUTION,
};
/** The body of a chat that every gateway supports. */
export const CHAT = { model: "openai/gpt-4o", messages: [{ role: "user", content: "Hi" }] };

/** The settings in an environment of nothing but these values. */
export function read(values: Record<string, string | undefined>): Settings {
  return createSettings({ get: (name) => values[name] });
}
