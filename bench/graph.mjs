// The dependency graph of a large stack, against reading the same edges with a bare SELECT.
// Claim: the order of all resources, the impact of one, and an edge more take less than a second each.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StateBackend } from '../dist/index.js';
import { interleaved, milliseconds } from './measure.mjs';

const RESOURCES = 50_000;
const DEPENDENCIES = 3;
const BATCH = 10_000;
const MIDDLE = RESOURCES / 2;

const address = (n) => `server.web-${n}`;

/** The same numbers in every run, spread over what comes before `n` (Knuth's multiplicative hash). */
const earlier = (n, index) => ((n * DEPENDENCIES + index) * 2_654_435_761) % n;

const resource = (n) => ({
  type: 'server',
  name: `web-${n}`,
  properties: { n },
  dependencies: n < DEPENDENCIES ? [] : [...new Set([0, 1, 2].map((index) => address(earlier(n, index))))],
});

async function filled(path) {
  const backend = await StateBackend.open(path, { actor: 'bench' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'stack' });
  for (let from = 0; from < RESOURCES; from += BATCH) {
    await manager.apply({
      stack: 'stack',
      resources: Array.from({ length: BATCH }, (_, index) => resource(from + index)),
    });
  }
  return backend;
}

async function refused(call) {
  const error = await call.then(
    () => undefined,
    (problem) => problem,
  );
  if (error?.code !== 'DEPENDENCY_CYCLE') throw new Error('a cycle was not refused', { cause: error });
}

export async function graph() {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  try {
    const path = join(folder, 'stack.db');
    const backend = await filled(path);
    const db = new Database(path, { readonly: true });
    const select = db.prepare('SELECT address, target, type FROM dependency_rows WHERE stream = 1');
    const edges = select.all().length;
    const widest = await backend.getImpact('stack', address(1));
    const some = await backend.getImpact('stack', address(500));
    let added = 0;
    const subjects = {
      [`read the ${edges} edges with SELECT`]: () => select.all(),
      [`order of ${RESOURCES} resources`]: () => backend.getGraph('stack'),
      [`impact on ${widest.affected.length} resources`]: () => backend.getImpact('stack', address(1)),
      [`impact on ${some.affected.length} resources`]: () => backend.getImpact('stack', address(500)),
      // Each time between others, so that none is there yet.
      'add an edge': () => backend.addDependency('stack', address(MIDDLE + added), address(MIDDLE - 1 - added++)),
      'refuse an edge that closes a cycle': () =>
        refused(backend.addDependency('stack', address(1), widest.affected.at(-1).address)),
    };
    const times = await interleaved(subjects, { rounds: 5, times: 1 });
    const [baseline] = Object.values(times);
    db.close();
    await backend.close();
    return Object.entries(times).map(([what, time]) => ({
      what,
      'median (min–max)': milliseconds(time),
      'of the SELECT': (time.median / baseline.median).toFixed(2),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
