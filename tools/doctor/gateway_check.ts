/** Checks whether the gateway can be reached and accepts the key. */
import { chooseGateway } from "../../shared/gateway/gateway.ts";
import { createSettings, type Environment } from "../../shared/settings.ts";
import type { Finding } from "./finding.ts";

const TIMEOUT_MS = 10_000;

/** Asks OpenRouter about the key, without a call that costs. Of other gateways it asks the URL. */
export async function checkGateway(environment: Environment): Promise<Finding[]> {
  const settings = createSettings(environment);
  let gateway;
  try {
    gateway = chooseGateway(settings);
  } catch {
    return []; // The check of the settings reports it.
  }
  const { title: subject, keySetting, url } = gateway;
  const key = environment.get(keySetting)?.trim();
  if (!key) {
    const text = `${keySetting} is not set: serve simulates the gateway, and deployed functions ` +
      "need it as a secret of the project";
    return [{ level: "note", subject, text, needs: keySetting }];
  }
  const isOpenRouter = keySetting === "OPENROUTER_API_KEY";
  let response: Response;
  try {
    response = await fetch(isOpenRouter ? `${url}/key` : url, {
      headers: isOpenRouter ? { Authorization: `Bearer ${key}` } : {},
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    return [{ level: "fail", subject, text: `${url} cannot be reached` }];
  }
  const body = await response.json().catch(() => undefined);
  if (!isOpenRouter) {
    return [{ level: "ok", subject, text: `${url} answers; the key is not tested` }];
  }
  if (response.status === 401 || response.status === 403) {
    return [{ level: "fail", subject, text: `${url} rejects OPENROUTER_API_KEY` }];
  }
  if (!response.ok) {
    // Servers that speak OpenRouter's protocol may not have this operation.
    const text = `${url} answers with ${response.status}; the key is not tested`;
    return [{ level: "note", subject, text }];
  }
  return [toKeyFinding(subject, body?.data?.limit_remaining)];
}

function toKeyFinding(subject: string, remaining: unknown): Finding {
  if (typeof remaining !== "number") {
    return { level: "ok", subject, text: "the key is valid and has no limit of its own" };
  }
  return remaining > 0
    ? { level: "ok", subject, text: `the key is valid and may spend ${remaining.toFixed(2)} USD` }
    : { level: "fail", subject, text: "the key has spent its limit; raise it at OpenRouter" };
}
