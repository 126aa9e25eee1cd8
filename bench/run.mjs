// npm run bench [-- NAME [PART]] [--quick] [--check [--write]]
// Ratios within one run, medians of several interleaved rounds, minimum and maximum in brackets. Without a name: append, growth,
// replay, cli and size, whose tables go to bench/results.json and whose picture to docs. `--quick` takes smaller sizes.
// PART chooses the rows of `server-hostile` whose name holds this text.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { append } from './append.mjs';
import { chart } from './chart.mjs';
import { check } from './check.mjs';
import { cli } from './cli.mjs';
import { drift } from './drift.mjs';
import { graph } from './graph.mjs';
import { growth } from './growth.mjs';
import { diskAtRest } from './measure.mjs';
import { migration } from './migration.mjs';
import { postgres } from './postgres.mjs';
import { replay } from './replay.mjs';
import { server } from './server.mjs';
import { serverHostile } from './server-hostile.mjs';
import { serverLoad } from './server-load.mjs';
import { size } from './size.mjs';

const SUITE = {
  append: { title: 'Durable commits with every projection and the hash', rows: append },
  growth: { title: 'One operation in stacks of 100 to 100,000 resources', rows: growth },
  replay: { title: 'Replay of a log of 1,000 stacks', rows: replay },
  cli: { title: 'The command line on a database of 1,000 stacks', rows: cli },
  size: { title: 'Bytes on disk', rows: size },
};
const ALONE = {
  drift: { title: 'Drift of 100,000 resources against an actual file of the same size, 100 differences', rows: drift },
  graph: { title: 'The dependency graph of 50,000 resources with 150,000 edges', rows: graph },
  migration: { title: 'Migration of 2,000 old workflows of 50 resources and 4 versions', rows: migration },
  postgres: { title: 'Appending to PostgreSQL against a bare INSERT of the same bytes', rows: postgres },
  server: { title: 'Storing a Terraform state of which one resource changed, through HTTP', rows: server },
  'server-hostile': {
    title: '50 clients working while others attack: median (slowest)',
    rows: serverHostile,
  },
  'server-load': { title: '200 clients on stacks of their own for 60 seconds', rows: () => serverLoad() },
  'replay-singles': {
    title: 'Replay of 200,000 events, one to a commit',
    rows: ({ quick }) => replay({ quick, events: 200_000, share: 1 }),
  },
};

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, check: { type: 'boolean' }, write: { type: 'boolean' } },
  allowPositionals: true,
});
if (values.check) process.exit(await check({ write: values.write }));

const [chosen, only] = positionals;
const all = { ...SUITE, ...ALONE };
if (chosen !== undefined && !Object.hasOwn(all, chosen)) {
  console.error(`no benchmark "${chosen}"; there are: ${Object.keys(all).join(', ')}`);
  process.exit(2);
}
const results = {};
const charts = {};
const onChart = (name, data) => {
  charts[name] = data;
};
for (const [name, { title, rows }] of Object.entries(chosen === undefined ? SUITE : { [chosen]: all[chosen] })) {
  diskAtRest();
  const all = await rows({ quick: values.quick, only, onChart });
  for (const part of new Set(all.map((row) => row.part ?? ''))) {
    const table = all.filter((row) => (row.part ?? '') === part);
    console.log(part === '' ? title : `${title}: ${part}`);
    console.table(Object.fromEntries(table.map(({ what, part: _, ...columns }) => [what, columns])));
  }
  results[name] = { title, rows: all };
}
// What is in the repository is of whole runs.
if (chosen === undefined && !values.quick) {
  const machine = { node: process.version, cpus: cpus().length, platform: `${process.platform} ${process.arch}` };
  const here = (file) => new URL(file, import.meta.url);
  writeFileSync(here('results.json'), `${JSON.stringify({ machine, results, charts }, null, 2)}\n`);
  for (const [name, data] of Object.entries(charts)) writeFileSync(here(`../docs/bench-${name}.svg`), chart(data));
}
