/** From the text of an environment variable to a checked value. One function per form of value. */
import { ApiError } from "./errors.ts";
import { dropTrailingSlashes } from "./url_paths.ts";

/**
 * Reads one setting.
 *
 * @param name the setting's name, for the error message.
 * @param value the text of the environment variable, trimmed; `undefined` when it is not set.
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the value has not the required form. The message names
 *   the setting, the form and the unit, and never the value.
 */
export type Read<T> = (name: string, value: string | undefined) => T;

/** Any text. */
export function text<T extends string | undefined = undefined>(fallback?: T): Read<string | T> {
  return (_name, value) => value ?? fallback as T;
}

/** One of several words; the first is the default. */
export function oneOf<Word extends string>(...words: [Word, ...Word[]]): Read<Word> {
  return (name, value = words[0]) => {
    const word = words.find((word) => word === value);
    if (!word) throw invalidSetting(name, words.map((word) => `"${word}"`).join(" or "));
    return word;
  };
}

/** Text that can be sent in an HTTP header. */
export function headerText(): Read<string | undefined> {
  return (name, value) => {
    if (value && !/^[\x20-\x7e]+$/.test(value)) {
      throw invalidSetting(name, "printable ASCII on one line");
    }
    return value;
  };
}

/** `true` or `false`. */
export function flag(fallback: boolean): Read<boolean> {
  return (name, value = String(fallback)) => {
    if (value !== "true" && value !== "false") throw invalidSetting(name, `"true" or "false"`);
    return value === "true";
  };
}

/** The unit and the bounds of a whole number. */
export interface IntegerOptions {
  /** The unit, for the error message. */
  unit?: string;
  /** The smallest number; 1 unless given. */
  min?: number;
  /** The largest number; 2^31 − 1 unless given. */
  max?: number;
}

/** A whole number, from 1 unless `min` says otherwise. */
export function integer<T extends number | undefined>(
  fallback: T,
  { unit, min = 1, max = 2 ** 31 - 1 }: IntegerOptions,
): Read<number | T> {
  return (name, value) => {
    if (value === undefined) return fallback;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw invalidSetting(
        name,
        `a whole number${unit ? ` of ${unit}` : ""} from ${min} to ${max}`,
      );
    }
    return number;
  };
}

/** A number that is not negative. */
export function amount(unit: string): Read<number | undefined> {
  return (name, value) => {
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!/^\d+(\.\d+)?$/.test(value) || number === Infinity) {
      throw invalidSetting(name, `a number of ${unit}, such as 0.5`);
    }
    return number;
  };
}

/** A port to listen on; 0 is any free one. */
export function port(fallback: number): Read<number> {
  return integer(fallback, { min: 0, max: 65_535 });
}

/** The base URL of an API, without a slash at its end. */
export function baseUrl<T extends string | undefined = undefined>(
  fallback?: T,
): Read<string | T> {
  return (name, value) => {
    if (value === undefined) return fallback as T;
    const url = parseHttpUrl(value);
    // Paths are appended to it, and it is printed: it can hold neither a query nor a password.
    if (!url || url.username || url.password || /[?#]/.test(url.href)) {
      throw invalidSetting(name, "an http or https URL without user, query and fragment");
    }
    return dropTrailingSlashes(url.href);
  };
}

/** The URL of a page, in the ASCII form that headers accept. */
export function pageUrl(): Read<string | undefined> {
  return (name, value) => {
    if (value === undefined) return undefined;
    const url = parseHttpUrl(value);
    if (!url) throw invalidSetting(name, "an http or https URL");
    return dropTrailingSlashes(url.href);
  };
}

function parseHttpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) ? url : undefined;
}

/** Origins of pages, or `*`. */
export function origins(fallback: string[]): Read<string[]> {
  return (name, value) => {
    if (value === undefined) return fallback;
    const list = splitList(value);
    const isValid = (origin: string) => origin === "*" || toOrigin(origin) === origin;
    if (list.length === 0 || !list.every(isValid)) {
      throw invalidSetting(name, `"*" or a comma list of origins such as https://app.example.com`);
    }
    return list;
  };
}

/** The origin of a URL as a browser sends it; apps in a web view have schemes of their own. */
function toOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  return url?.host ? `${url.protocol}//${url.host}` : undefined;
}

/** Names in which `*` stands for any text; everything when not set, nothing for `none`. */
export function allowed(what: string): Read<string[]> {
  return (name, value = "*") => {
    if (value === "none") return [];
    const list = splitList(value);
    if (list.length === 0 || list.includes("none") || list.some((item) => /\s/.test(item))) {
      throw invalidSetting(
        name,
        `a comma list of ${what}, in which * stands for any text, or "none"`,
      );
    }
    return list;
  };
}

/** Keys of 256 bits, in base64 or hex. */
export function encryptionKeys(): Read<Uint8Array<ArrayBuffer>[] | undefined> {
  return (name, value) => {
    const keys = value === undefined ? undefined : splitList(value).map(toKeyBytes);
    if (keys?.length === 0 || keys?.includes(undefined)) {
      throw invalidSetting(
        name,
        "a key of 32 bytes in base64 or hex, or a comma list of such keys",
      );
    }
    return keys as Uint8Array<ArrayBuffer>[] | undefined;
  };
}

function toKeyBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16));
  }
  if (!/^[A-Za-z0-9+/]{43}=?$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** URLs that a browser is sent back to: https, or plain http on the developer's machine. */
export function returnUrls(): Read<string[]> {
  return (name, value = "") => {
    const urls = splitList(value).map((text) => URL.parse(text));
    if (!urls.every(isReturnUrl)) {
      throw invalidSetting(
        name,
        "a comma list of https URLs such as https://app.example.com/settings",
      );
    }
    return urls.map(({ href }) => href);
  };
}

function isReturnUrl(url: URL | null): url is URL {
  // A star would look like a wildcard, and there are none.
  if (!url || url.hash || url.username || url.password || url.href.includes("*")) return false;
  return url.protocol === "https:" ||
    url.protocol === "http:" && /^(localhost|127\.0\.0\.1)$/.test(url.hostname);
}

function splitList(value: string): string[] {
  return value.split(",").map((item) => item.trim()).filter(Boolean);
}

function invalidSetting(name: string, form: string): ApiError {
  return new ApiError(500, "INTERNAL_ERROR", `The setting ${name} must be ${form}`);
}
