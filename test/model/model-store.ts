import type { Clock } from '../../src/lib/clock.js';
import { StoreError } from '../../src/lib/errors.js';
import { readPage } from '../../src/store/event-page.js';
import type { AppendRequest, EventStore, Projection, Receipt, StoreDescription } from '../../src/store/event-store.js';
import { runNow } from '../../src/store/program.js';
import { decideEvents, receiptOfRepeat, timeOf } from '../../src/store/receipts.js';
import { snapshotOn } from '../../src/store/snapshot.js';
import { appendTogether, earlierOf } from './append.js';
import { compareTables } from './compare.js';
import { extendLog, importLog, projectionStates, rebuild } from './maintenance.js';
import { edgeReads } from './read/edges.js';
import { readFacts } from './read/facts.js';
import { readsOn } from './read/reads.js';
import { readSize } from './read/size.js';
import { emptyState, type MemoryState } from './state.js';

export interface ModelStoreOptions {
  readonly projection: Projection;
  readonly clock: Clock;
}

/** The name of this kind of store in tests, where others have a path or URL. */
export const MODEL = 'model';

/**
 * The model that the stores are compared with: the same port over arrays and maps, written for readability rather than
 * speed. Every read scans whole tables.
 */
export function openModelStore({ projection, clock }: ModelStoreOptions): EventStore {
  const state = emptyState();
  const reads = readsOn(state, projection);
  const snapshot = snapshotOn(reads);
  const listeners = new Set<() => void>();
  let open = true;
  const checkOpen = (): void => {
    if (!open) throw closed();
  };
  const run = async <T>(work: () => T): Promise<T> => {
    checkOpen();
    return work();
  };
  const tellListeners = (): void => {
    for (const listener of listeners) listener();
  };

  const together = async (requests: readonly AppendRequest[]): Promise<readonly Receipt[]> => {
    const receipts = await run(() => appendTogether(state, projection, clock, requests));
    if (receipts.some(({ events }) => events > 0)) tellListeners();
    return receipts;
  };

  return {
    append: async (request) => (await together([request]))[0] as Receipt,
    appendTogether: together,
    preview: (request) =>
      run(() => {
        const facts = readFacts(state, request.keys);
        if (receiptOfRepeat(request, facts, earlierOf(state, request), state.key)) return [];
        const now = timeOf(request, clock);
        return runNow(decideEvents(request, facts, (stream) => edgeReads(state, stream), now));
      }),
    read: (query) => run(() => runNow(query(snapshot))),
    head: () => run(() => reads.head()),
    events: (filter) => run(() => reads.events(filter)),
    page: (filter) => run(() => runNow(readPage(snapshot, filter))),
    onAppend: (listener) => {
      checkOpen();
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    size: (of, most) => run(() => readSize(state, of, most)),
    checkpoints: () => run(() => reads.checkpoints()),
    describe: () =>
      run(() => ({ ...describe(state, clock.now()), head: reads.head(), projections: reads.checkpoints() })),

    projections: () => run(() => projectionStates(state, projection)),
    rebuild: (options = {}) => run(() => rebuild(state, projection, options)),
    compareTables: ({ stream }) => run(() => compareTables(state, projection, stream)),
    checkStorage: () => run(() => []),
    importLog: async (events, head, onProgress) => {
      const taken = await run(() => importLog(state, projection, events, head, onProgress));
      if (taken.position > 0) tellListeners();
      return taken;
    },
    extendLog: async (events) => {
      const head = await run(() => extendLog(state, projection, events));
      if (events.length > 0) tellListeners();
      return head;
    },
    backup: () =>
      run(() => {
        throw noBackup();
      }),

    close: async () => {
      open = false;
    },
  };
}

const noBackup = (): StoreError =>
  new StoreError('NO_BACKUP', 'the model has no file to back up', {
    hint: 'Export its log instead.',
  });

const closed = (): StoreError =>
  new StoreError('STORE_CLOSED', 'the model was closed', {
    hint: 'What it held is gone. Open a new one.',
  });

function describe({ log, tables }: MemoryState, now: string): Omit<StoreDescription, 'head' | 'projections'> {
  return {
    kind: MODEL,
    location: MODEL,
    engine: `Node.js ${process.versions.node}`,
    schemaVersion: 0,
    settings: {},
    bytes: log.events.reduce((sum, { data, meta }) => sum + Buffer.byteLength(data) + Buffer.byteLength(meta), 0),
    events: log.events.length,
    stacks: [...tables.stack_rows.values()].filter((row) => row.deleted_at === null).length,
    locks: [...tables.lock_rows.values()].filter((row) => row.expires_at > now).length,
  };
}
