/** The tracer and the metrics of Deno's own OpenTelemetry exporter. */

/** What a span or a measured value says of its operation. */
export type Attributes = Record<string, string | number | string[]>;

/** A span, as far as it is used here. */
export interface Span {
  /** Adds attributes, or replaces them. */
  setAttributes(attributes: Attributes): void;
  /** Sets the outcome; code 2 is an error. */
  setStatus(status: { code: number; message?: string }): void;
  /** Sends the span to the exporter. */
  end(): void;
}

/** A metric of measured values. */
export interface Histogram {
  /** Adds one measured value. */
  record(value: number, attributes: Attributes): void;
}

/** What records spans and metrics. */
export interface Instruments {
  /** Creates spans. */
  tracer: {
    /** Runs a function with a new span as the current one. */
    startActiveSpan<T>(name: string, options: object, run: (span: Span) => T): T;
  };
  /** How long operations take, seconds. */
  duration: Histogram;
  /** How soon streams begin, seconds. */
  firstChunk: Histogram;
  /** Tokens of prompts and answers. */
  tokens: Histogram;
}

const SCOPE = "insforge-ai-functions";
const SECONDS = [.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);

let instruments: Instruments | undefined | "none";

/**
 * The instruments of this process; undefined when nothing is recorded. Deno throws when its exporter is
 * off, and older versions have none, so that is found out once.
 */
export function findInstruments(): Instruments | undefined {
  if (instruments === undefined) {
    try {
      instruments = createInstruments();
    } catch {
      instruments = "none";
    }
  }
  return instruments === "none" ? undefined : instruments;
}

function createInstruments(): Instruments {
  // deno-lint-ignore no-explicit-any
  const { tracerProvider, meterProvider } = Deno.telemetry as any;
  const meter = meterProvider.getMeter(SCOPE);
  const create = (name: string, unit: string, explicitBucketBoundaries: number[]): Histogram =>
    meter.createHistogram(name, { unit, advice: { explicitBucketBoundaries } });
  return {
    duration: create("gen_ai.client.operation.duration", "s", SECONDS),
    firstChunk: create("gen_ai.client.operation.time_to_first_chunk", "s", SECONDS),
    tokens: create("gen_ai.client.token.usage", "{token}", TOKENS),
    tracer: tracerProvider.getTracer(SCOPE),
  };
}
