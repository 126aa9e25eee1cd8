// Comparing 100,000 resources with an actual file of the same size and 100 differences.
// Claims: memory below 500 MB; time within 3 times of parsing both files, the expected state and the actual one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { actualFile, parseJson, StateBackend } from '../dist/index.js';
import { interleaved, milliseconds } from './measure.mjs';

const RESOURCES = 100_000;
const EVERY = 1_000;
const BATCH = 10_000;
const LIMITS = { maxBytes: 2 ** 30, maxDepth: 512 };

const properties = (index, size) => ({
  id: `i-${index}`,
  size,
  image: 'debian-12',
  network: { subnet: `subnet-${index % 100}`, addresses: [`10.0.${index >> 8}.${index & 255}`], public: false },
  tags: { Name: `web-${index}`, env: 'prod', owner: 'core' },
});
const address = (index) => `server.web-${index}`;

const fileOf = (size) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: RESOURCES }, (_, n) => [address(n), properties(n, size(n))])));

async function fill(database) {
  const backend = await StateBackend.open(database, { actor: 'bench' });
  await backend.getStackManager().createStack({ name: 'stack' });
  for (let from = 0; from < RESOURCES; from += BATCH) {
    const resources = Array.from({ length: BATCH }, (_, n) => ({
      type: 'server',
      name: `web-${from + n}`,
      properties: properties(from + n, 1),
    }));
    await backend.getStackManager().apply({ stack: 'stack', resources });
  }
  await backend.close();
}

/** Looks once, and returns how much memory the process needed at most. */
async function check(database, actual) {
  const backend = await StateBackend.open(database, { actor: 'bench' });
  const source = actualFile(readFileSync(actual), actual);
  const { compared } = await backend.checkDrift('stack', source);
  const drifted = (await backend.getDriftInfo('stack')).filter(({ isDrifted }) => isDrifted).length;
  await backend.close();
  if (compared !== RESOURCES || drifted !== RESOURCES / EVERY)
    throw new Error(`${compared} compared, ${drifted} drifted`);
}

export async function drift() {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  try {
    const [database, expected, actual] = ['state.db', 'expected.json', 'actual.json'].map((name) => join(folder, name));
    writeFileSync(
      expected,
      fileOf(() => 1),
    );
    writeFileSync(
      actual,
      fileOf((n) => (n % EVERY === 0 ? 2 : 1)),
    );
    await fill(database);
    const files = [expected, actual];
    const times = await interleaved(
      {
        exactly: () => files.map((file) => parseJson(readFileSync(file, 'utf8'), file, LIMITS)),
        parse: () => files.map((file) => JSON.parse(readFileSync(file, 'utf8'))),
        check: () => check(database, actual),
      },
      { rounds: 5, times: 1 },
    );
    const memory = execFileSync(process.execPath, [fileURLToPath(import.meta.url), database, actual], {
      encoding: 'utf8',
    });
    return [
      { what: 'parsing both files, every digit kept', time: milliseconds(times.exactly) },
      { what: 'parsing both files with JSON.parse', time: milliseconds(times.parse) },
      {
        what: 'comparing and recording',
        time: milliseconds(times.check),
        'of the former': (times.check.median / times.exactly.median).toFixed(2),
        'of JSON.parse': (times.check.median / times.parse.median).toFixed(2),
        'MiB at most': Number(memory),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [, script, database, actual] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  await check(database, actual);
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
}
