/** Images to send with a request: chosen, dropped or pasted. */
import { announce, createButton, createElement } from "./element.ts";

/** The image types that every provider accepts. */
const MEDIA_TYPES = /^image\/(png|jpeg|webp|gif)$/;
/** A request may have 8 MiB, and base64 adds a third. */
const MAX_BYTES = 5 * 1_024 * 1_024;

/** The images that are not sent yet, as data URLs. */
export interface Attachments {
  readonly urls: string[];
  clear(): void;
}

/** The elements through which images are added. */
export interface AttachmentSources {
  list: HTMLElement;
  button: HTMLInputElement;
  /** Images can be dropped and pasted anywhere in this element. */
  area: HTMLElement;
  /** Shows why a file was rejected; an empty reason hides the message. */
  refuse: (reason: string) => void;
  onChange: () => void;
}

/** Makes all ways to add images work. */
export function createAttachments(sources: AttachmentSources): Attachments {
  const { list, button, area, refuse, onChange } = sources;
  let urls: string[] = [];

  function draw(): void {
    list.replaceChildren(...urls.map((src, index) => {
      const others = urls.filter((_, other) => other !== index);
      const remove = createButton("quiet", () => set(others), "×");
      remove.ariaLabel = `Remove image ${index + 1}`;
      return createElement("li", {}, createElement("img", { src, alt: "" }), remove);
    }));
    onChange();
  }

  function set(changed: string[]): void {
    urls = changed;
    draw();
  }

  async function add(files: Iterable<File>): Promise<void> {
    refuse("");
    for (const file of files) {
      if (!MEDIA_TYPES.test(file.type)) {
        refuse(`${file.name} is not a PNG, JPEG, WebP or GIF image`);
      } else if (file.size > MAX_BYTES) refuse(`${file.name} is larger than 5 MB`);
      else {
        const url = await readUrl(file);
        set([...urls, url]); // another file may have been added meanwhile
        announce(`${file.name} added`);
      }
    }
  }

  button.accept = "image/png,image/jpeg,image/webp,image/gif";
  button.multiple = true;
  button.addEventListener("change", async () => {
    await add(button.files ?? []);
    button.value = "";
  });
  area.addEventListener("paste", (event) => add(event.clipboardData?.files ?? []));
  area.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    area.classList.add("dropping");
  });
  area.addEventListener("dragleave", (event) => {
    if (!area.contains(event.relatedTarget as Node | null)) area.classList.remove("dropping");
  });
  area.addEventListener("drop", (event) => {
    area.classList.remove("dropping");
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    void add(event.dataTransfer.files);
  });
  return {
    get urls() {
      return urls;
    },
    clear() {
      refuse("");
      set([]);
    },
  };
}

function readUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
