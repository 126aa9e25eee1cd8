import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { StateBackend, type StateView } from '../../src/index.js';
import { ON_POSTGRES } from '../support/on-postgres.js';
import { SOAK } from '../support/properties.js';
import { freshPlace } from '../support/stores.js';

const READS = SOAK ? 10_000 : 200;
const WRITER = new URL('../support/counting-writer.mjs', import.meta.url).pathname;

/** The counts that a state shows; all are the same where it is of one version. */
const countsOf = ({ version, document, resources, outputs }: StateView): number[] => [
  version - 1,
  Number(document.description),
  ...resources.map(({ value }) => Number(value.properties.n)),
  ...outputs.map(({ value }) => Number(value)),
];

test(`${READS} reads while another process commits show one version each`, { timeout: 600_000 }, async () => {
  const place = await freshPlace();
  await using backend = await StateBackend.open(place, { actor: 'reader' });
  await backend.getStackManager().createStack({ name: 's' });
  const writer = spawn(process.execPath, [WRITER, place], { stdio: ['pipe', 'pipe', 'inherit'] });
  const end = once(writer, 'exit');
  await once(writer.stdout, 'data');
  const mixed: number[][] = [];
  const versions = new Set<number>();
  for (let read = 0; read < READS || versions.size < 2; read += 1) {
    const state = read % 2 === 0 ? await backend.getState('s') : (await backend.getDetails('s')).state;
    const counts = countsOf(state);
    versions.add(state.version);
    if (new Set(counts).size !== 1) mixed.push(counts);
    if (read % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  writer.stdin.end();
  expect(await end).toEqual([0, null]);
  console.info(
    `${ON_POSTGRES ? 'PostgreSQL' : 'SQLite'}: ${READS} reads of ${versions.size} versions, ${mixed.length} mixed`,
  );
  expect(mixed).toEqual([]);
});
