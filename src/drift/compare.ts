import { equalJson, type JsonObject } from '../lib/json.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import type { ResourceRecord } from '../store/records.js';
import type { ActualStateSource, ExpectedResource, ObserveContext } from './source.js';

/** The result of comparing a stack's resources. */
export interface Comparison {
  /** The number of resources whose actual state was found. */
  readonly compared: number;
  /** The number of resources without an observation: the source did not compare them. */
  readonly passedOver: number;
  /** Their addresses, sorted. */
  readonly passedOverResources: readonly string[];
  /** Resources that could not be read, with the reason, sorted by address. */
  readonly failed: readonly { readonly resource: string; readonly error: string }[];
  /** Addresses in the source that no resource of the stack has: misspelt, of another stack, or not managed. */
  readonly unknownResources: readonly string[];
  /** The resources to record, sorted by address: those that differ, or differed before. */
  readonly findings: readonly { readonly resource: string; readonly actual: JsonObject | null }[];
}

/** Resources read at once. */
const PAGE = 500;
/** The number of cached pages; a source that returns a resource later costs one more read. */
const KEPT_PAGES = 40;

/**
 * Compares every resource of a stack and finds those whose actual properties differ from the expected ones, or did before.
 * Memory holds a few pages of resources, however many there are.
 * @throws errors of the source; the signal's reason once it is aborted
 */
export async function compareActual(
  store: EventStore,
  stack: { readonly stream: number; readonly resourceCount: number },
  source: ActualStateSource,
  { onProgress, ...context }: Omit<ObserveContext, 'onUnknown'> & { readonly onProgress?: OnProgress } = {},
): Promise<Comparison> {
  const { stream, resourceCount: total } = stack;
  const drifted = new Set(await store.read((s) => s.drifted(stream)));
  const expected = new Expected(store, stream);
  const failed: Comparison['failed'][number][] = [];
  const findings: Comparison['findings'][number][] = [];
  let compared = 0;
  let unknownResources: readonly string[] = [];
  const onUnknown = (addresses: readonly string[]) => void (unknownResources = addresses);
  for await (const seen of source.observe(expected.pages(), { ...context, onUnknown })) {
    const { address: resource } = seen;
    if ('error' in seen) {
      expected.unanswered.delete(resource);
      failed.push({ resource, error: seen.error });
    } else {
      const wanted = await expected.take(resource);
      compared += 1;
      if (!wanted || drifted.has(wanted.id) || !equalJson(wanted.properties, seen.actual)) {
        findings.push({ resource, actual: seen.actual });
      }
    }
    const done = compared + failed.length;
    if (done % PAGE === 0) onProgress?.({ done, total: Math.max(total, done) });
  }
  return {
    compared,
    passedOver: expected.unanswered.size,
    passedOverResources: [...expected.unanswered],
    failed: failed.sort(byResource),
    unknownResources,
    findings: findings.sort(byResource),
  };
}

const byResource = (a: { readonly resource: string }, b: { readonly resource: string }): number =>
  a.resource < b.resource ? -1 : 1;

/** The resources of a stack, page by page, and again one by one when the source returns an observation. */
class Expected {
  readonly #store: EventStore;
  readonly #stream: number;
  readonly #kept: Map<string, ExpectedResource>[] = [];
  /** Passed to the source and without an observation so far, sorted by address. */
  readonly unanswered = new Set<string>();

  constructor(store: EventStore, stream: number) {
    this.#store = store;
    this.#stream = stream;
  }

  async *pages(): AsyncGenerator<readonly ExpectedResource[]> {
    for (let after = ''; ; ) {
      const records = await this.#store.read((s) => s.resources(this.#stream, undefined, { after, limit: PAGE }));
      const page = records.map(toExpected);
      const last = page.at(-1);
      if (!last) return;
      for (const { address } of page) this.unanswered.add(address);
      this.#kept.push(new Map(page.map((resource) => [resource.address, resource])));
      if (this.#kept.length > KEPT_PAGES) this.#kept.shift();
      yield page;
      after = last.address;
    }
  }

  async take(address: string): Promise<ExpectedResource | undefined> {
    this.unanswered.delete(address);
    // Most sources return observations of the latest page.
    for (const page of this.#kept.toReversed()) {
      const resource = page.get(address);
      if (resource) {
        page.delete(address);
        return resource;
      }
    }
    const resource = (await this.#store.read((s) => s.resourcesOf(this.#stream, [address]))).get(address);
    return resource && toExpected(resource);
  }
}

const toExpected = ({ address, id, module, type, name, value }: ResourceRecord): ExpectedResource => ({
  address,
  id,
  module,
  type,
  name,
  properties: value.properties,
  metadata: value.metadata,
});
