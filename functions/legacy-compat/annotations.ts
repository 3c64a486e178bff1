/** Citations, which come with answers that searched the web. */
import type { UrlCitationAnnotation } from "@insforge/shared-schemas";

/** An annotation of a message as OpenRouter sends it. */
export interface Annotation {
  type: string;
  url_citation?: {
    url: string;
    title?: string;
    content?: string;
    start_index?: number;
    end_index?: number;
  };
}

/** The citations of a message or of a piece of one; undefined when there are none. */
export function toAnnotations(
  message?: { annotations?: Annotation[] | null } | null,
): UrlCitationAnnotation[] | undefined {
  const annotations = Array.isArray(message?.annotations) ? message.annotations : [];
  const citations = annotations.flatMap(({ type, url_citation }) =>
    type === "url_citation" && url_citation ? [url_citation] : []
  );
  if (citations.length === 0) return undefined;
  return citations.map(({ url, title, content, start_index, end_index }) => ({
    type: "url_citation",
    urlCitation: { url, title, content, startIndex: start_index, endIndex: end_index },
  }));
}
