/** The gateway's models with their prices. https://openrouter.ai/docs/api-reference/list-available-models */
import { chooseGateway } from "../gateway/gateway.ts";
import type { Settings } from "../settings.ts";

/** How long the response is waited for. */
const TIMEOUT_MS = 5_000;

/**
 * Fetches the `data` of the gateway's `/models`.
 *
 * @returns undefined when the gateway does not respond with a list.
 */
export async function fetchPriceList(settings: Settings): Promise<unknown> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
  try {
    const request = chooseGateway(settings).request("/models?output_modalities=all");
    const response = await fetch(request.url, {
      ...{ headers: request.toHeaders(), redirect: "manual", signal: controller.signal },
    });
    const list = request.toOpenRouterForm(await response.json());
    return response.ok ? Object(list).data : undefined;
  } catch {
    return undefined; // the ledger asks again, and until then the fallback prices decide
  } finally {
    clearTimeout(timer);
  }
}
