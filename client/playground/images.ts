/** Images from a prompt, and from other images. */
import { isPicture, toMeta } from "./answer.ts";
import { toClientCode } from "./api_request.ts";
import { createAttachments } from "./attachments.ts";
import { announce, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import { createModelPicker } from "./model_picker.ts";
import { createRunner } from "./runner.ts";
import type { Session } from "./session.ts";
import type { Panel, Workbench } from "./workbench.ts";

/** Makes the images tab work. */
export function createImages(workbench: Workbench): Panel {
  const { functionsUrl, session, spending } = workbench;
  const ai = workbench.createClient();
  const form = findElement("images-form", HTMLFormElement);
  const prompt = findElement("image-prompt", HTMLTextAreaElement);
  const model = findElement("image-model", HTMLInputElement);
  const bucket = findElement("bucket", HTMLInputElement);
  const output = findElement("drawings");
  const runner = createRunner(findElement("stop-drawing"));
  const start = () => void runner.run(draw);
  const refusal = createElement("p", { class: "note wide", role: "alert" });
  form.append(refusal);
  const attachments = createAttachments({
    list: findElement("image-attachments"),
    button: findElement("image-attach", HTMLInputElement),
    area: findElement("images"),
    refuse: (reason) => refusal.textContent = reason,
    onChange: () => form.dispatchEvent(new Event("change", { bubbles: true })),
  });

  function toRequest() {
    const { urls } = attachments;
    const name = bucket.value.trim();
    return {
      prompt: prompt.value.trim(),
      images: urls.length > 0 ? urls : undefined,
      model: model.value.trim() || undefined,
      save: name ? { bucket: name } : undefined,
    };
  }

  async function draw(signal: AbortSignal): Promise<void> {
    const place = createElement("div", { class: "drawing", "aria-busy": "true" }, "Drawing …");
    output.prepend(place);
    announce("The image is being drawn");
    const request = toRequest();
    try {
      const answer = await ai.generateImage(request, { signal });
      spending.add(answer.model, answer.usage);
      place.replaceChildren(
        ...answer.images.map((image, index) =>
          toFigure(image, `${request.prompt} ${index + 1}`, session)
        ),
        createElement("p", { class: "meta" }, toMeta(answer.model, answer.usage)),
      );
      announce(`${answer.images.length} images drawn`);
    } catch (error) {
      if (signal.aborted) place.remove();
      else place.replaceChildren(createFailure(error, () => (place.remove(), start())));
    } finally {
      place.removeAttribute("aria-busy");
    }
  }

  createModelPicker(
    model,
    () => workbench.models().filter(({ output }) => output.includes("image")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });

  return {
    requests: () => [{
      title: "Image",
      url: `${functionsUrl}/image-gen`,
      body: toRequest(),
      client: toClientCode(
        functionsUrl,
        `const { images } = await ai.generateImage(${JSON.stringify(toRequest(), null, 2)});`,
      ),
    }],
    stop: runner.stop,
    clear() {
      runner.stop();
      attachments.clear();
      output.replaceChildren();
    },
  };
}

interface Drawn {
  data_url?: string;
  url?: string;
  bucket?: string;
  key?: string;
  media_type?: string;
  save_error?: { message: string };
}

/** A saved image is fetched from InsForge, because the page's policy loads no image from there. */
function toFigure(image: Drawn, alt: string, session: Session): HTMLElement {
  const picture = createElement("img", { alt });
  const download = createElement("a", { download: toFileName(image.media_type) }, "Download");
  const showAs = (url: string) => {
    picture.src = url;
    download.href = url;
  };
  if (isPicture(image.data_url)) showAs(image.data_url!);
  else if (image.url) {
    void session.fetch(image.url)
      .then((response) => response.blob())
      .then((blob) => showAs(URL.createObjectURL(blob)), () => picture.remove());
  }
  return createElement(
    "figure",
    {},
    picture,
    createElement(
      "figcaption",
      {},
      download,
      image.key && ` · saved as ${image.bucket}/${image.key}`,
      image.save_error && ` · not saved: ${image.save_error.message}`,
    ),
  );
}

function toFileName(mediaType = "image/png"): string {
  return `picture.${mediaType.replace(/^.*\//, "").replace("jpeg", "jpg").replace(/\W.*/, "")}`;
}
