/** Which settings of this machine become secrets of the project. */
import type { SecretSchema } from "@insforge/shared-schemas";
import { createSettings, type Environment, settingNames } from "../../shared/settings.ts";

/** The platform sets these itself, or they are about local servers. */
const NEVER_DEPLOYED = /^(INSFORGE_|JWT_|ANON_KEY$|API_KEY$|PORT$|HOST$|OPENROUTER_PORT$)/;

/** A project's secrets as they are to be. */
export interface SecretPlan {
  /** To be set: there is a value here and none in the project. */
  missing: { key: string; value: string }[];
  /** In the project already, where they stay as they are, whatever the value here. */
  kept: string[];
}

/**
 * Compares the settings in `environment` with the project's secrets.
 *
 * @throws {ApiError} for a value that has not the form of its setting; it would break functions.
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

/** Whether functions will have the key without which no model answers. */
export function hasGatewayKey({ missing }: SecretPlan, existing: SecretSchema[]): boolean {
  return [...missing, ...existing.filter(({ isActive }) => isActive)]
    .some(({ key }) => /^(OPENROUTER_API_KEY|PINATA_LLM_KEY|PINME_API_KEY)$/.test(key));
}
