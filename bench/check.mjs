// Figures that are the same on every run, against bench/budget.json: statements, rows and pages that a command costs, and what
// a command of the command line loads. Fails when one has grown; `--write` takes the present ones as the budget.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { bundle, commands } from '../scripts/bundle.mjs';
import { filledBackend, inFolder, resource } from './data.mjs';

const BUDGET = new URL('budget.json', import.meta.url);
/** Bytes that stand before each page in the log that SQLite writes ahead. */
const FRAME_HEADER = 24;
/** What moves with the length of a time or an id. */
const SLACK = 1.02;

/** Counts what is asked of the driver while `run` is under way. */
async function counting(run) {
  const probe = new Database(':memory:');
  const prototype = Object.getPrototypeOf(probe.prepare('SELECT 1'));
  probe.close();
  const counted = { statements: 0, rows: 0 };
  const own = {};
  for (const method of ['run', 'get', 'all', 'iterate']) {
    own[method] = prototype[method];
    prototype[method] = function (...values) {
      counted.statements += 1;
      const result = own[method].apply(this, values);
      if (method === 'run') counted.rows += result.changes;
      return result;
    };
  }
  try {
    await run();
  } finally {
    Object.assign(prototype, own);
  }
  return counted;
}

const OPERATIONS = {
  'change one of 1,000 resources': (stack) => stack.manager.setResource('stack', resource(500, ++stack.n)),
  'change 100 of 1,000 resources': (stack) => {
    const n = ++stack.n;
    return stack.manager.apply({ stack: 'stack', resources: Array.from({ length: 100 }, (_, i) => resource(i, n)) });
  },
  'make and remove one': async (stack) => {
    await stack.manager.setResource('stack', { type: 'disk', name: `d${++stack.n}` });
    await stack.manager.removeResource('stack', `disk.d${stack.n}`);
  },
  snapshot: (stack) => stack.backend.createSnapshot('stack'),
  'lock and unlock': async (stack) => {
    await stack.backend.lockState('stack', { id: 'l', operation: 'check' });
    await stack.backend.unlockState('stack', 'l');
  },
  'change one and roll back': async (stack) => {
    const { version } = await stack.manager.setResource('stack', resource(501, ++stack.n));
    await stack.backend.rollbackToSnapshot('stack', version - 1);
  },
  'one resource at an old version': (stack) =>
    stack.manager.getResource('stack', 'server.web[500]', { version: stack.old }),
  'diff of neighbouring versions': (stack) => stack.backend.diff('stack', stack.old, stack.old + 1),
  'diff of 1,000 changes': (stack) => stack.backend.diff('stack', stack.before, stack.after),
  'plan of one change': (stack) => planOf(stack, 1),
  'plan of 1,000 changes': (stack) => planOf(stack, 1_000),
  'show of 1,000 resources': (stack) => stack.backend.getDetails('stack'),
  'history of a resource': (stack) => stack.backend.getResourceHistory('stack', 'server.web[500]'),
};
const all = (n, length = 1_000) => Array.from({ length }, (_, i) => resource(i, n));
const planOf = ({ backend }, count) =>
  backend.execute({ type: 'apply', stack: 'stack', resources: all(-1, count) }, { dryRun: true });
const TIMES = 20;

const costs = () =>
  inFolder(async (folder) => {
    const path = join(folder, 'check.db');
    const stack = await filledBackend(path, 1_000);
    stack.old = (await stack.manager.getStack('stack')).stateVersion;
    const figures = {};
    const change = (n) => stack.manager.apply({ stack: 'stack', resources: all(n) });
    [stack.before, stack.after] = [(await change(7_001)).version, (await change(7_002)).version];
    for (const [name, once] of Object.entries(OPERATIONS)) {
      await once(stack);
      const other = new Database(path);
      other.pragma('wal_checkpoint(TRUNCATE)');
      const frame = other.pragma('page_size', { simple: true }) + FRAME_HEADER;
      const counted = await counting(async () => {
        for (let time = 0; time < TIMES; time++) await once(stack);
      });
      other.close();
      const pages = statSync(`${path}-wal`).size / frame;
      figures[name] = {
        statements: counted.statements / TIMES,
        rows: counted.rows / TIMES,
        pages: Math.round((pages / TIMES) * 10) / 10,
      };
    }
    await stack.backend.close();
    return figures;
  });

/** Size of what a command runs of the bundle before it does anything: its modules and the framework's. */
async function loads() {
  const { metafile } = await bundle({ metafile: true, write: false });
  const [{ inputs: sizes }] = Object.values(metafile.outputs);
  const framework = Object.keys(sizes).find((path) => path.endsWith('@oclif/core/lib/index.js'));
  const figures = {};
  for (const [id, file] of Object.entries(commands)) {
    const loaded = new Set();
    const walk = (path) => {
      if (loaded.has(path) || sizes[path] === undefined) return;
      loaded.add(path);
      for (const { path: next, kind } of metafile.inputs[path].imports) if (kind !== 'dynamic-import') walk(next);
    };
    walk(framework);
    walk(file);
    const bytes = [...loaded].reduce((sum, path) => sum + sizes[path].bytesInOutput, 0);
    figures[id.replaceAll(':', ' ')] = { KiB: Math.round(bytes / 1024) };
  }
  return figures;
}

/** @returns the exit code */
export async function check({ write = false }) {
  const figures = { commands: await costs(), 'command line': await loads() };
  if (write || !existsSync(BUDGET)) {
    writeFileSync(BUDGET, `${JSON.stringify(figures, null, 2)}\n`);
    console.log('bench/budget.json written');
    return 0;
  }
  const budget = JSON.parse(readFileSync(BUDGET, 'utf8'));
  const grown = [];
  for (const [part, all] of Object.entries(figures)) {
    for (const [what, figure] of Object.entries(all)) {
      for (const [unit, now] of Object.entries(figure)) {
        const most = budget[part]?.[what]?.[unit];
        if (most === undefined || now > most * SLACK) grown.push({ what, unit, budget: most ?? 'none', now });
      }
    }
  }
  if (grown.length === 0) {
    console.log('within budget: bench/budget.json');
    return 0;
  }
  console.error('more than bench/budget.json allows; where it must be so: npm run bench -- --check --write');
  console.table(grown);
  return 1;
}
