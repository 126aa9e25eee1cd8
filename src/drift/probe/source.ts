import type { JsonObject } from '../../lib/json.js';
import { concurrently } from '../concurrently.js';
import { checkLimits } from '../limits.js';
import type { ActualStateSource, ExpectedResource, Observation } from '../source.js';
import type { Lookup } from './request.js';

/** What may be probed. Authors of a stack choose the files and URLs; the operator sets these limits, not the stack. */
export interface ProbeAllowance {
  /** Files, and folders with everything below them. Default: none. */
  readonly paths?: readonly string[] | undefined;
  /** `example.com`, `*.example.com`, `example.com:8443`, `127.0.0.1:8080`, `10.0.0.0/8`. Default: none. */
  readonly hosts?: readonly string[] | undefined;
  /** Returns, and records, the differing content of files, bodies and headers instead of digest and length. */
  readonly recordContent?: boolean | undefined;
}

export interface ProbeOptions extends ProbeAllowance {
  /** Resources probed concurrently. Default: 32. */
  readonly concurrency?: number | undefined;
  /** The time limit of a server, milliseconds. Default: 10 s. */
  readonly timeoutMs?: number | undefined;
  /** Resolves a name. Default: the system's resolver. */
  readonly lookup?: Lookup | undefined;
}

/**
 * Probes resources of the types `file` and `http`, if they are allowed. One that is not allowed is an error of that
 * resource; other types are not probed.
 * @throws InvalidInputError `LIMIT_INVALID`. Observing throws InvalidInputError `PROBE_PATH_INVALID`, `PROBE_HOST_INVALID`.
 */
export function probe(options: ProbeOptions = {}): ActualStateSource {
  const { concurrency = 32, timeoutMs = 10_000 } = options;
  checkLimits({ timeoutMs, concurrency });
  return {
    name: 'probe',
    async *observe(pages, { signal } = {}) {
      const look = await probing({ ...options, timeoutMs });
      yield* concurrently(known(pages), concurrency, signal, async function* (resource, signal) {
        yield await observed(resource, signal, look);
      });
    },
  };
}

type Look = (resource: ExpectedResource, signal: AbortSignal) => Promise<JsonObject | null>;

/** Loads the probes of files and servers, which few commands need. */
async function probing({
  paths = [],
  hosts = [],
  recordContent = false,
  timeoutMs,
  lookup,
}: ProbeOptions & { readonly timeoutMs: number }): Promise<Look> {
  const [{ AllowedPaths }, { fileProbe }, { AllowedHosts }, { probeHttp }, { systemLookup }] = await Promise.all([
    import('./paths.js'),
    import('./file.js'),
    import('./hosts.js'),
    import('./http.js'),
    import('./request.js'),
  ]);
  const file = fileProbe(await AllowedPaths.of(paths), recordContent);
  const http = { hosts: new AllowedHosts(hosts), lookup: lookup ?? systemLookup, recordContent, timeoutMs };
  return ({ type, properties }, signal) =>
    type === 'file' ? file(properties, signal) : probeHttp(properties, http, signal);
}

async function* known(pages: AsyncIterable<readonly ExpectedResource[]>): AsyncGenerator<ExpectedResource> {
  for await (const page of pages) {
    for (const resource of page) if (resource.type === 'file' || resource.type === 'http') yield resource;
  }
}

async function observed(resource: ExpectedResource, signal: AbortSignal, look: Look): Promise<Observation> {
  const { address } = resource;
  try {
    return { address, actual: await look(resource, signal) };
  } catch (error) {
    signal.throwIfAborted();
    return { address, error: (error as Error).message };
  }
}
