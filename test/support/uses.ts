import type { StateBackend } from '../../src/index.js';

/** What people read about a stack, decide about it, and rebuild. */
export function usesOf(backend: StateBackend, stack: string): Readonly<Record<string, () => Promise<unknown>>> {
  const all = async (source: AsyncIterable<unknown>): Promise<unknown[]> => {
    const items: unknown[] = [];
    for await (const item of source) items.push(item);
    return items;
  };
  return {
    state: () => backend.getState(stack),
    'state before': () => backend.getState(stack, { version: 3 }),
    terraform: () => backend.exportState(stack, 'terraform'),
    pulumi: () => backend.exportState(stack, 'pulumi'),
    versions: () => backend.listVersions(stack),
    diff: () => backend.diff(stack, 1, 6),
    graph: () => backend.getGraph(stack),
    drift: () => backend.getDriftInfo(stack),
    replay: () => all(backend.replay(stack)),
    rollback: () => backend.execute({ type: 'rollback', stack, toVersion: 3 }, { dryRun: true }),
    apply: () =>
      backend.execute({ type: 'apply', stack, resources: [{ type: 't', name: 'a', mode: 'merge' }] }, { dryRun: true }),
    rebuild: async () => (await backend.getAdmin().rebuild()).events,
  };
}
