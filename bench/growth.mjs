// Cost of one change as a stack grows: the same operations in a stack of 100 and in one of 100,000 resources.
// Claim: at most 1.5 times, because no path reads or writes more than what changes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateBackend } from '../dist/index.js';
import { interleaved, milliseconds } from './measure.mjs';

const SIZES = { small: 100, large: 100_000 };
const BATCH = 10_000;

const resource = (index, n) => ({
  type: 'server',
  name: `web[${index}]`,
  properties: { n, image: 'debian-12', tags: { env: 'prod', owner: 'core' }, text: 'x'.repeat(500) },
});

async function filledBackend(folder, size) {
  const backend = await StateBackend.open(join(folder, `${size}.db`), { actor: 'bench' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'stack' });
  for (let from = 0; from < size; from += BATCH) {
    const count = Math.min(BATCH, size - from);
    await manager.apply({
      stack: 'stack',
      resources: Array.from({ length: count }, (_, index) => resource(from + index, 0)),
    });
  }
  return { backend, manager, size, n: 0 };
}

const pick = (stack) => Math.floor(stack.size / 2) + (stack.n % 50);

const OPERATIONS = {
  'change one resource': (stack) => stack.manager.setResource('stack', resource(pick(stack), ++stack.n)),
  'make one that depends on all': (stack) =>
    stack.manager.setResource('stack', { type: 'balancer', name: `lb-${++stack.n}`, dependencies: ['server.web'] }),
  snapshot: (stack) => stack.backend.createSnapshot('stack'),
  'change and roll back': async (stack) => {
    const { version } = await stack.manager.setResource('stack', resource(pick(stack), ++stack.n));
    await stack.backend.rollbackToSnapshot('stack', version - 1);
  },
  'one resource, now': (stack) => stack.manager.getResource('stack', `server.web[${pick(stack)}]`),
  'one resource at an old version': (stack) =>
    stack.manager.getResource('stack', `server.web[${pick(stack)}]`, { version: stack.old }),
  'diff of neighbouring versions': (stack) => stack.backend.diff('stack', stack.old, stack.old + 1),
};

export async function growth() {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  try {
    const stacks = {};
    for (const [name, size] of Object.entries(SIZES)) {
      const stack = await filledBackend(folder, size);
      for (let n = 0; n < 20; n++) await OPERATIONS['change one resource'](stack);
      stack.old = (await stack.manager.getStack('stack')).stateVersion - 5;
      stacks[name] = stack;
    }
    const rows = [];
    for (const [operation, once] of Object.entries(OPERATIONS)) {
      const { small, large } = await interleaved({ small: () => once(stacks.small), large: () => once(stacks.large) });
      rows.push({
        operation,
        small: milliseconds(small),
        large: milliseconds(large),
        ratio: large.median / small.median,
      });
    }
    for (const { backend } of Object.values(stacks)) await backend.close();
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
