/** The functions as one server of their own, for self-hosted InsForge or plain Deno. */
import { chooseGateway } from "../../shared/gateway/gateway.ts";
import { createSettings, type Environment, settingNames } from "../../shared/settings.ts";
import { createRouter, loadFunctions } from "../functions.ts";
import { toServerUrl } from "./server_url.ts";

/** A running server. */
export interface Standalone {
  url: string;
  slugs: string[];
  /** Takes no new connection, and settles when every answer has ended, streams included. */
  stop(): Promise<void>;
}

/**
 * Starts the functions below `HOST` and `PORT`, addressed as on InsForge cloud: `/<slug>` with
 * sub-paths, streams unbuffered, and `GET /health`. It keeps nothing that matters in memory, so any
 * number of processes can stand behind one address.
 *
 * @param environment where settings come from, for the server and for the functions.
 * @throws {Error} with one line per setting that is missing or wrong, or when it cannot listen there.
 */
export async function startStandalone(environment: Environment): Promise<Standalone> {
  const faults = findSettingFaults(environment);
  if (faults.length > 0) {
    throw new Error(["The server cannot start:", ...faults].join("\n- "));
  }
  const { HOST: hostname, PORT: port } = createSettings(environment);
  const functions = await loadFunctions();
  const route = createRouter(functions, environment);
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    // The platform's second argument is not for the router.
    server = Deno.serve({ hostname, port, onListen: () => {} }, (request) => route(request));
  } catch (error) {
    throw new Error(
      error instanceof Deno.errors.AddrInUse
        ? `Port ${port} is taken; set PORT to a free one`
        : `The server cannot listen at HOST ${hostname}, PORT ${port}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return {
    url: toServerUrl(server.addr),
    slugs: [...functions.keys()].sort(),
    stop: () => server.shutdown(),
  };
}

/** Everything that is missing or wrong at once, so that it can be set right in one go. */
function findSettingFaults(environment: Environment): string[] {
  const settings = createSettings(environment);
  const faults: string[] = [];
  for (const name of settingNames) {
    try {
      void settings[name];
    } catch (unfit) {
      faults.push((unfit as Error).message);
    }
  }
  const isSet = (name: string) => Boolean(environment.get(name)?.trim());
  // With a wrong AI_GATEWAY, which is a fault by now, nobody knows what is needed.
  if (!faults.some((fault) => fault.includes("AI_GATEWAY"))) {
    for (const [name, meaning] of Object.entries(chooseGateway(settings).requiredSettings)) {
      if (!isSet(name)) faults.push(`${name} is missing: ${meaning}`);
    }
  }
  if (!isSet("INSFORGE_BASE_URL") && !isSet("INSFORGE_INTERNAL_URL")) {
    faults.push("INSFORGE_BASE_URL is missing: the address of the InsForge project");
  }
  return faults;
}
