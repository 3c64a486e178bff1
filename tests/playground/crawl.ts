/** Loads a page with all the files that it loads, directly or indirectly. */

/** One file that the page loads. */
export interface Asset {
  path: string;
  status: number;
  type: string;
  headers: Headers;
  text: string;
  /** The URLs that the file loads by itself; links are not included. */
  loads: string[];
}

/** Loads `/` and everything that it needs; the page comes first. */
export async function crawl(get: (path: string) => Promise<Response>): Promise<Asset[]> {
  const assets: Asset[] = [];
  const waiting = ["/"];
  for (let path; (path = waiting.shift());) {
    if (assets.some((asset) => asset.path === path)) continue;
    const { status, headers, ...response } = await read(await get(path));
    const loads = findLoads(path, response.text);
    assets.push({ path, status, headers, loads, ...response });
    waiting.push(...loads.filter((target) => target.startsWith("/")));
  }
  return assets;
}

async function read(response: Response) {
  const { status, headers } = response;
  return { status, headers, type: headers.get("Content-Type") ?? "", text: await response.text() };
}

function findLoads(path: string, text: string): string[] {
  const pattern = path === "/"
    ? /<(?:script|img|link|iframe|source)\b[^>]*?\s(?:src|href)="([^"]*)"/g
    : /^(?:import|export)\b.*? from "([^"]+)"|\bimport ?\(?"([^"]+)"/gm;
  if (path !== "/" && !/\.(ts|js)$/.test(path)) return [];
  return [...text.matchAll(pattern)].map(([, one, other]) => {
    const target = one ?? other ?? "";
    const url = new URL(target, `http://page.test${path}`);
    return url.host === "page.test" && /^[./]/.test(target) ? url.pathname : target;
  });
}
