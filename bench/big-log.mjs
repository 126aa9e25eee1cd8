// A database of 1,000 stacks: every commit changes ten resources of one of them, a hundredth of the events come one to a
// commit. The replay and the command line are measured on it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateBackend } from '../dist/index.js';

export const STACKS = 1_000;
const RESOURCES = 100;
const COMMIT = 500;

const resource = (n) => ({
  type: 'server',
  name: `web-${n % RESOURCES}`,
  properties: { n, image: 'debian-12', tags: { env: 'prod', owner: 'core' }, text: 'x'.repeat(400) },
});

/** Adds events: `share` of them in commits of their own, the rest 50 to a commit and ten commits at once. */
async function grow(path, from, to, share = 0.01) {
  const backend = await StateBackend.open(path, { actor: 'bench' });
  const manager = backend.getStackManager();
  if (from === 0) {
    await Promise.all(Array.from({ length: STACKS }, (_, n) => manager.createStack({ name: `stack-${n}` })));
  }
  for (let n = Math.max(from, STACKS); n < to; n += COMMIT) {
    const single = (n / COMMIT) % 100 < share * 100;
    const size = single ? 1 : 50;
    await Promise.all(
      Array.from({ length: COMMIT / size }, (_, commit) => {
        const first = n + commit * size;
        const resources = Array.from({ length: size }, (_, index) => resource(first + index));
        return manager.apply({ stack: `stack-${Math.floor(first / 50) % STACKS}`, resources });
      }),
    );
  }
  await backend.close();
}

const made = new Map();

/**
 * The path of such a database with so many events, filled once for all who ask; it goes with the process.
 * @param atTenth called when a tenth of it is there
 */
export async function bigLog(events, { share = 0.01, atTenth = () => {} } = {}) {
  const key = `${events} ${share}`;
  if (made.has(key)) return made.get(key);
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'log.db');
  await grow(path, 0, events / 10, share);
  await atTenth(path);
  await grow(path, events / 10, events, share);
  made.set(key, path);
  return path;
}
