import type { JsonObject } from '../../kernel/json.js';
import { concurrently } from '../concurrently.js';
import { checkLimits } from '../limits.js';
import type { ActualStateSource, ExpectedResource, Observation } from '../source.js';
import { fileProbe } from './file.js';
import { probeHttp } from './http.js';

export interface ProbeOptions {
  /** Resources looked at at a time. Default: 32. */
  readonly concurrency?: number | undefined;
  /** Milliseconds that a server may take. Default: 10 s. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Looks itself: at resources of the types `file` and `http`, wherever they are. Others are not looked at.
 * @throws InvalidInputError `LIMIT_INVALID`
 */
export function probe({ concurrency = 32, timeoutMs = 10_000 }: ProbeOptions = {}): ActualStateSource {
  checkLimits({ timeoutMs, concurrency });
  return {
    name: 'probe',
    async *observe(pages, { signal } = {}) {
      const file = fileProbe();
      const look = ({ type, properties }: ExpectedResource, signal: AbortSignal): Promise<JsonObject | null> =>
        type === 'file' ? file(properties, signal) : probeHttp(properties, timeoutMs, signal);
      yield* concurrently(known(pages), concurrency, signal, async function* (resource, signal) {
        yield await observed(resource, signal, look);
      });
    },
  };
}

async function* known(pages: AsyncIterable<readonly ExpectedResource[]>): AsyncGenerator<ExpectedResource> {
  for await (const page of pages) {
    for (const resource of page) if (resource.type === 'file' || resource.type === 'http') yield resource;
  }
}

async function observed(
  resource: ExpectedResource,
  signal: AbortSignal,
  look: (resource: ExpectedResource, signal: AbortSignal) => Promise<JsonObject | null>,
): Promise<Observation> {
  const { address } = resource;
  try {
    return { address, actual: await look(resource, signal) };
  } catch (error) {
    signal.throwIfAborted();
    return { address, error: (error as Error).message };
  }
}
