import type { ActualStateSource, ExpectedResource, Observation } from '../../src/drift/index.js';
import type { Json, JsonObject } from '../../src/lib/json.js';

/** A resource at `type.name` in the root module. */
export function expected(address: string, properties: JsonObject = {}): ExpectedResource {
  const [, type = '', name = ''] = /^((?:data\.)?[^.]+)\.(.*)$/.exec(address) ?? [];
  return { address, id: `res-${address}`, module: '', type, name, properties, metadata: {} };
}

export async function* pages(resources: readonly ExpectedResource[], size = 500): AsyncGenerator<ExpectedResource[]> {
  for (let start = 0; start < resources.length; start += size) yield resources.slice(start, start + size);
}

export interface Seen {
  readonly observations: readonly Observation[];
  /** By address: the properties, null, or the error as a text. */
  readonly found: Readonly<Record<string, Json>>;
  readonly notes: readonly string[];
}

/** Observes all and collects the results; a repeated or unrequested address is an error. */
export async function look(
  source: ActualStateSource,
  resources: readonly ExpectedResource[],
  { size = 500, signal }: { readonly size?: number; readonly signal?: AbortSignal } = {},
): Promise<Seen> {
  const asked = new Set(resources.map(({ address }) => address));
  const observations: Observation[] = [];
  const notes: string[] = [];
  const found: Record<string, Json> = {};
  const context = { note: (line: string) => notes.push(line), ...(signal ? { signal } : {}) };
  for await (const observation of source.observe(pages(resources, size), context)) {
    if (!asked.delete(observation.address)) throw new Error(`${observation.address}: not asked for, or a second time`);
    observations.push(observation);
    found[observation.address] = 'error' in observation ? observation.error : observation.actual;
  }
  return { observations, found, notes };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
