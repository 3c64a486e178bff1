/** Selects the settings of this machine that become secrets of the project. */
import type { SecretSchema } from "@insforge/shared-schemas";
import { createSettings, type Environment, settingNames } from "../../shared/settings.ts";

/** Settings that the platform sets itself, and those of local servers. */
const NEVER_DEPLOYED = /^(INSFORGE_|JWT_|ANON_KEY$|API_KEY$|PORT$|HOST$|OPENROUTER_PORT$)/;

/** The secrets to set in a project. */
export interface SecretPlan {
  /** Secrets to set: they have a value here and none in the project. */
  missing: { key: string; value: string }[];
  /** Secrets that the project has already. They stay as they are, whatever their value here. */
  kept: string[];
}

/**
 * Compares the settings in `environment` with the project's secrets.
 *
 * @throws {ApiError} for an invalid value, because it would break functions.
 */
export function planSecrets(environment: Environment, existing: SecretSchema[]): SecretPlan {
  const settings = createSettings(environment);
  const active = new Set(existing.filter(({ isActive }) => isActive).map(({ key }) => key));
  const given = settingNames.filter((name) =>
    !NEVER_DEPLOYED.test(name) && environment.get(name)?.trim() && settings[name] !== undefined
  );
  return {
    missing: given.filter((name) => !active.has(name))
      .map((key) => ({ key, value: environment.get(key)!.trim() })),
    kept: given.filter((name) => active.has(name)),
  };
}

/** Whether the functions will have a key for a gateway. */
export function hasGatewayKey({ missing }: SecretPlan, existing: SecretSchema[]): boolean {
  return [...missing, ...existing.filter(({ isActive }) => isActive)]
    .some(({ key }) => /^(OPENROUTER_API_KEY|PINATA_LLM_KEY|PINME_API_KEY)$/.test(key));
}
