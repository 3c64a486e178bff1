/** Finds settings that cannot work, before a server starts or a function is deployed. */
import { listAssistants } from "../../shared/assistants/assistant.ts";
import { chooseGateway } from "../../shared/gateway/gateway.ts";
import { isAllowedModel } from "../../shared/policy/models.ts";
import { createSettings, type Environment, settingNames } from "../../shared/settings.ts";

/** What is wrong with a set of settings, one sentence each. */
export interface SettingReport {
  /** With any of these, calls fail. */
  faults: string[];
  /** With these, some functions answer only requests that name a model. */
  warnings: string[];
}

/** The settings that need the ledger, which is reached with `API_KEY`. */
const LEDGER_SETTINGS = [
  "USER_REQUESTS_PER_MINUTE",
  "USER_TOKENS_PER_DAY",
  "USER_USD_PER_DAY",
  "USER_USD_PER_MONTH",
  "PROJECT_USD_PER_DAY",
  "PROJECT_USD_PER_MONTH",
  "KEYS_ENCRYPTION_KEY",
  "REQUIRE_USER_KEY",
] as const;

/** The default models, and the functions that use them. */
const DEFAULT_MODELS = {
  OPENROUTER_CHAT_MODEL: ["chat", "stream", "summarize-records", "v1"],
  OPENROUTER_EMBEDDING_MODEL: ["embeddings"],
  OPENROUTER_IMAGE_MODEL: ["image-gen"],
  OPENROUTER_RERANK_MODEL: ["rerank"],
  OPENROUTER_SPEECH_MODEL: ["speech"],
  OPENROUTER_TRANSCRIPTION_MODEL: ["transcribe"],
  OPENROUTER_VIDEO_MODEL: ["video-gen"],
} as const;

const formatter = new Intl.ListFormat("en-GB");

/**
 * Checks the settings of a standalone server: each value, what is missing, and what conflicts.
 *
 * @param slugs the functions that it serves.
 */
export function checkServerSettings(environment: Environment, slugs?: string[]): SettingReport {
  const faults = [...findInvalidValues(environment), ...findMissing(environment)];
  const { faults: conflicts, warnings } = checkCombinations(environment, { slugs });
  return { faults: [...faults, ...conflicts], warnings };
}

/**
 * Checks settings that contradict each other. Values that are invalid in themselves are skipped.
 *
 * @param slugs the functions whose default models are checked: all of them unless given.
 * @param isKnown whether the value of a setting is known. On a deployed project, a secret that is
 *   there already has a value that cannot be read.
 */
export function checkCombinations(
  environment: Environment,
  { slugs, isKnown = () => true }: {
    slugs?: string[];
    isKnown?: (name: string) => boolean;
  } = {},
): SettingReport {
  const settings = createSettings(environment);
  const faults: string[] = [];
  const warnings: string[] = [];
  const read = <Name extends keyof typeof settings>(name: Name) => {
    try {
      return isKnown(name) ? settings[name] : undefined;
    } catch {
      return undefined;
    }
  };
  if (isKnown("API_KEY") && !isSet("API_KEY", environment)) {
    const useless = LEDGER_SETTINGS.filter((name) => read(name));
    if (useless.length > 0) {
      faults.push(`API_KEY is missing: ${useless.join(", ")} cannot work without it`);
    }
  }
  if (read("REQUIRE_USER_KEY") && isKnown("KEYS_ENCRYPTION_KEY") && !read("KEYS_ENCRYPTION_KEY")) {
    faults.push("KEYS_ENCRYPTION_KEY is missing: REQUIRE_USER_KEY cannot work without it");
  }
  for (const [name, functions] of Object.entries(DEFAULT_MODELS)) {
    const [model, allowed] = [read(name as keyof typeof DEFAULT_MODELS), read("ALLOWED_MODELS")];
    if (!model || !allowed || isAllowedModel(model, allowed)) continue;
    if (isSet(name, environment)) {
      faults.push(`${name} is "${model}", which ALLOWED_MODELS does not allow`);
    } else {
      const affected = functions.filter((slug) => !slugs || slugs.includes(slug));
      if (affected.length === 0) continue;
      warnings.push(
        `ALLOWED_MODELS does not allow "${model}", the default of ${name}: ` +
          `${formatter.format(affected)} will reject requests that name no model`,
      );
    }
  }
  faults.push(...findAssistantFaults(read("ALLOWED_MODELS")));
  if (read("ASSISTANTS_ONLY") && listAssistants().length === 0) {
    warnings.push("ASSISTANTS_ONLY is set, and prompts/ has no file: no model can be called");
  }
  return { faults, warnings };
}

/** Finds assistants whose model is not allowed. */
function findAssistantFaults(allowed: readonly string[] | undefined): string[] {
  if (!allowed) return [];
  return listAssistants()
    .filter(({ model }) => model !== undefined && !isAllowedModel(model, allowed))
    .map(({ name, model }) =>
      `prompts/${name}.md has the model "${model}", which ALLOWED_MODELS does not allow`
    );
}

/** Finds settings whose values are invalid in themselves. @returns one sentence for each. */
export function findInvalidValues(environment: Environment): string[] {
  const settings = createSettings(environment);
  return settingNames.flatMap((name) => {
    try {
      void settings[name];
      return [];
    } catch (invalid) {
      return [(invalid as Error).message];
    }
  });
}

function findMissing(environment: Environment): string[] {
  const missing = Object.entries(readGatewayNeeds(environment))
    .filter(([name]) => !isSet(name, environment))
    .map(([name, meaning]) => `${name} is missing: ${meaning}`);
  if (!isSet("INSFORGE_BASE_URL", environment) && !isSet("INSFORGE_INTERNAL_URL", environment)) {
    missing.push("INSFORGE_BASE_URL is missing: the URL of the InsForge project");
  }
  return missing;
}

/** With an invalid `AI_GATEWAY`, which is reported by itself, what the gateway needs is unknown. */
function readGatewayNeeds(environment: Environment): Record<string, string | undefined> {
  try {
    return chooseGateway(createSettings(environment)).requiredSettings;
  } catch {
    return {};
  }
}

function isSet(name: string, environment: Environment): boolean {
  return Boolean(environment.get(name)?.trim());
}
