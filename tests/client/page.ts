/** The parts of a browser's page that `ai.connect` uses. */

/** A page whose address bar shows `url`. */
export interface Page extends Disposable {
  url: string;
}

/** Defines the globals of a page at `url`, until it is disposed of. */
export function openPage(url: string): Page {
  const page = {
    url,
    [Symbol.dispose]() {
      Reflect.deleteProperty(globalThis, "location");
      Reflect.deleteProperty(globalThis, "history");
    },
  };
  const define = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { configurable: true, value });
  define("location", {
    get href() {
      return page.url;
    },
    set href(url) {
      page.url = url;
    },
  });
  define("history", {
    state: null,
    replaceState: (_state: unknown, _title: string, url: string) => void (page.url = url),
  });
  return page;
}
