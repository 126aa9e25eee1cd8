// npm run soak [-- --runs 300] [--seed N] [FILE…]: the full counts of kills and faults, and every property that often.
// CI runs a sample of the same with a fixed seed. It takes about an hour on two cores.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '300' }, seed: { type: 'string', default: '22' } },
  allowPositionals: true,
});
for (const [name, value] of Object.entries(values)) {
  if (!/^-?\d+$/.test(value)) {
    console.error(`--${name}: "${value}" is not a whole number`);
    process.exit(2);
  }
}
console.log(`full counts, ${values.runs} runs of each property, seed ${values.seed}`);
const { status } = spawnSync(
  'npx',
  [
    'vitest',
    'run',
    '--project=*-long',
    '--reporter=verbose',
    ...(positionals.length > 0 ? positionals : ['test/properties', 'test/corpora']),
  ],
  { stdio: 'inherit', env: { ...process.env, SOAK: '1', PROPERTY_RUNS: values.runs, PROPERTY_SEED: values.seed } },
);
process.exit(status ?? 1);
