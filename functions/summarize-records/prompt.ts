/** The app's own wording of summaries: the file `prompts/summarize-records.md`, when there is one. */
import { findAssistant } from "../../shared/assistants/assistant.ts";
import { requireOnlyFields } from "../../shared/assistants/open_fields.ts";
import { invalidInput } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import type { Settings } from "../../shared/settings.ts";
import type { SummaryRequest } from "./query.ts";

/** The fields of a request that this function reads itself. None can hold instructions for a model. */
const OWN_FIELDS = [
  ...["table", "columns", "filters", "order", "limit", "instructions", "stream", "variables"],
];

/** Who says what the model is to do, and the fields of the completion. */
export interface Wording {
  /** Whether the app's own file does. */
  hasPrompt: boolean;
  /** The fields beside the messages. */
  options: Fields;
}

/**
 * Puts the app's own wording into the fields of a completion. The file may declare a variable `table`,
 * which is the table of the request.
 *
 * @param request a checked request.
 * @throws {ApiError} 400 `INVALID_INPUT` for variables without such a file, and with `ASSISTANTS_ONLY`
 *   for every field that is not part of the query and that the file does not open.
 */
export function readWording(request: SummaryRequest, settings: Settings): Wording {
  const prompt = findAssistant("summarize-records");
  requireOnlyFields(request, [...OWN_FIELDS, ...prompt?.allow ?? []], settings);
  const { variables, ...options } = omitQuery(request);
  if (!prompt) {
    if (variables === undefined) return { hasPrompt: false, options };
    throw invalidInput(
      '"variables" must be left out, because this app has no prompt for summaries',
    );
  }
  const declared = "table" in prompt.variables ? { table: request.table } : {};
  const model = prompt.model === undefined || options.models ? {} : { model: prompt.model };
  return {
    hasPrompt: true,
    options: {
      ...model,
      ...options,
      assistant: prompt.name,
      variables: { ...variables, ...declared },
    },
  };
}

/** The request without the fields that say which rows to summarize and how. */
function omitQuery(request: SummaryRequest) {
  const {
    table: _1,
    columns: _2,
    filters: _3,
    order: _4,
    limit: _5,
    instructions: _6,
    stream: _7,
    ...rest
  } = request;
  return rest;
}
