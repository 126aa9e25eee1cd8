// The cost of one operation in stacks of 100 to 100,000 resources: it follows what changes, not what is there. Peers rewrite
// the whole state: terraform with its local backend, and the old system's SQL.
import { join } from 'node:path';
import { diffDocuments } from './compare-states.mjs';
import { filledBackend, inFolder, resource } from './data.mjs';
import { atLeast, atMost, diskAtRest, interleaved, milliseconds } from './measure.mjs';
import { oldSystem } from './peers/old-system.mjs';
import { terraform } from './peers/terraform.mjs';

const SIZES = [100, 1_000, 10_000, 100_000];
/** How often each resource was written before: the largest stack has 1,000,000 events. */
const WRITTEN = 10;
/** So many versions lie between the old one that is asked for and now. */
const BACK = 100;

/** Those that take some 20 µs are done so many times more often in a round, or one collection of garbage is a third of it. */
const SHORT = { 'one resource, now': 100, 'one resource at an old version': 100 };

const pick = (stack) => Math.floor(stack.size / 2) + (stack.n % 50);

const OPERATIONS = {
  'change one resource': (stack) => stack.manager.setResource('stack', resource(pick(stack), ++stack.n)),
  'make one that depends on all': (stack) =>
    stack.manager.setResource('stack', { type: 'balancer', name: `lb-${++stack.n}`, dependencies: ['server.web'] }),
  snapshot: (stack) => stack.backend.createSnapshot('stack'),
  'change one and roll back': async (stack) => {
    const { version } = await stack.manager.setResource('stack', resource(pick(stack), ++stack.n));
    await stack.backend.rollbackToSnapshot('stack', version - 1);
  },
  'one resource, now': (stack) => stack.manager.getResource('stack', `server.web[${pick(stack)}]`),
  'one resource at an old version': (stack) =>
    stack.manager.getResource('stack', `server.web[${pick(stack)}]`, { version: stack.old }),
  'a page of ten resources': (stack) =>
    stack.backend.getResources('stack', undefined, { after: 'server.web[5', limit: 10 }),
  'diff of neighbouring versions': (stack) => stack.backend.diff('stack', stack.old, stack.old + 1),
  'diff of versions 100 changes apart': (stack) => stack.backend.diff('stack', stack.old, stack.old + BACK),
};

export async function growth({ quick, onChart }) {
  const sizes = quick ? SIZES.slice(0, -1) : SIZES;
  const [least, most] = [sizes[0], sizes[sizes.length - 1]];
  return inFolder(async (folder) => {
    const stacks = {};
    for (const size of sizes) {
      const stack = await filledBackend(join(folder, `${size}.db`), size, quick ? 2 : WRITTEN);
      const { stateVersion } = await stack.manager.getStack('stack');
      for (let n = 0; n <= BACK; n++) await OPERATIONS['change one resource'](stack);
      stack.old = stateVersion + 1;
      stacks[size] = stack;
    }
    const measured = {};
    for (const [operation, once] of Object.entries(OPERATIONS)) {
      diskAtRest();
      measured[operation] = await interleaved(
        Object.fromEntries(sizes.map((size) => [size, () => once(stacks[size])])),
        { rounds: 7, times: (quick ? 10 : 40) * (SHORT[operation] ?? 1) },
      );
    }
    const rows = Object.entries(measured).map(([operation, times]) => ({
      what: operation,
      ...Object.fromEntries(sizes.map((size) => [size.toLocaleString('en-US'), milliseconds(times[size])])),
      'largest to smallest': atMost(times[most].median / times[least].median, 1.3),
    }));
    rows.push(...(await oldVersions(stacks[most], measured)));
    for (const { backend } of Object.values(stacks)) await backend.close();
    rows.push(...(await peers(folder, sizes, measured, onChart)));
    return rows;
  });
}

/** What an old version costs beside the current one, and a diff beside comparing two whole states. */
async function oldVersions({ backend, old, size }, measured) {
  const at = (operation) => measured[operation][size].median;
  const times = await interleaved(
    {
      compare: async () => {
        const [before, after] = [
          await backend.getState('stack', { version: old }),
          await backend.getState('stack', { version: old + BACK }),
        ];
        diffDocuments(before, after);
      },
    },
    { rounds: 5, times: 1, warmUp: false },
  );
  return [
    {
      part: `old versions of ${size.toLocaleString('en-US')} resources`,
      what: 'one resource at an old version, to the current one',
      ratio: atMost(at('one resource at an old version') / at('one resource, now'), 4),
    },
    {
      part: `old versions of ${size.toLocaleString('en-US')} resources`,
      what: 'diff of versions 100 changes apart, to comparing the whole states',
      ratio: atMost(at('diff of versions 100 changes apart') / times.compare.median, 0.02),
    },
  ];
}

async function peers(folder, sizes, measured, onChart) {
  const rows = [];
  const chart = { ours: {}, 'terraform state rm': {}, 'old system, snapshot': {}, 'old system, rollback': {} };
  for (const size of sizes) {
    const ours = (operation) => measured[operation][size].median;
    chart.ours[size] = ours('change one resource');
    const old = oldSystem(join(folder, `old-${size}.db`), size);
    const time = await interleaved(
      { snapshot: old.snapshot, rollback: old.changeAndRollBack },
      { rounds: 5, times: 1, warmUp: size < 100_000 },
    );
    old.close();
    chart['old system, snapshot'][size] = time.snapshot.median;
    chart['old system, rollback'][size] = time.rollback.median;
    const goal = (wanted, value) => (size === wanted ? atLeast(value, 1_000) : value.toFixed(1));
    const tool = size <= 10_000 ? terraform(folder, size) : undefined;
    const removed = tool && (await interleaved({ rm: tool.remove }, { rounds: 5, times: 1 }));
    if (removed) chart['terraform state rm'][size] = removed.rm.median;
    rows.push({
      part: 'those that rewrite all of the state',
      what: `${size.toLocaleString('en-US')} resources`,
      'old snapshot, times ours': goal(100_000, time.snapshot.median / ours('snapshot')),
      'old rollback, times ours': goal(10_000, time.rollback.median / ours('change one and roll back')),
      'terraform state rm': removed ? milliseconds(removed.rm) : '',
      'terraform, times ours': removed ? (removed.rm.median / ours('change one resource')).toFixed(0) : '',
    });
  }
  onChart?.('growth', { title: 'Changing one resource', x: 'resources', y: 'ms', series: chart });
  return rows;
}
