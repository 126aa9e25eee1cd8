import type { EventStore } from '../../src/store/event-store.js';
import type { Reads } from '../../src/store/snapshot.js';

type Later = { readonly [K in keyof Reads]: (...args: Parameters<Reads[K]>) => Promise<ReturnType<Reads[K]>> };

/** The reads of a store one by one, each in its own snapshot. */
export function reads(store: EventStore) {
  const each = new Proxy({} as Later, {
    get:
      (_, name: keyof Reads) =>
      (...args: never[]) =>
        store.read((s) => (s[name] as (...args: never[]) => ReturnType<(typeof s)[typeof name]>)(...args) as never),
  });
  return Object.assign(Object.create(each) as Later, {
    stacks: (filter: Parameters<Reads['stacks']>[0], now = '') => store.read((s) => s.stacks(filter, now)),
    resource: async (stream: number, address: string, version?: number) =>
      (await each.resourcesOf(stream, [address], version)).get(address),
    output: async (stream: number, name: string, version?: number) =>
      (await each.outputsOf(stream, [name], version)).get(name),
    dependency: async (stream: number, edge: readonly [string, string], version?: number) =>
      (await each.dependenciesOf(stream, [edge], version))[0],
    resourceAddress: async (stream: number, id: string) => (await each.addressesOf(stream, [id])).get(id),
  });
}
