// npm run bench [-- NAME]: ratios within one run, medians of several interleaved rounds, minimum and maximum in brackets.
import { drift } from './drift.mjs';
import { graph } from './graph.mjs';
import { growth } from './growth.mjs';
import { migration } from './migration.mjs';
import { postgres } from './postgres.mjs';
import { replay } from './replay.mjs';
import { server } from './server.mjs';
import { serverLoad } from './server-load.mjs';

const BENCHES = {
  growth: {
    title: 'Cost of one operation in a stack of 100 and of 100,000 resources',
    rows: async () =>
      (await growth()).map(({ operation, small, large, ratio }) => ({
        what: operation,
        '100 resources': small,
        '100,000 resources': large,
        ratio: ratio.toFixed(2),
      })),
  },
  drift: { title: 'Drift of 100,000 resources against an actual file of the same size, 100 differences', rows: drift },
  graph: { title: 'The dependency graph of 50,000 resources with 150,000 edges', rows: graph },
  migration: { title: 'Migration of 2,000 old workflows of 50 resources and 4 versions', rows: migration },
  postgres: { title: 'Appending to PostgreSQL against a bare INSERT of the same bytes', rows: postgres },
  server: { title: 'Storing a Terraform state of which one resource changed, through HTTP', rows: server },
  'server-load': { title: '200 clients on stacks of their own for 60 seconds', rows: () => serverLoad() },
  replay: { title: 'Replay of 1,000,000 events of 100,000 resources, 1,000 to a commit', rows: () => replay() },
  'replay-singles': {
    title: 'Replay of 200,000 events, one to a commit',
    rows: () => replay({ events: 200_000, share: 1 }),
  },
};

const [chosen] = process.argv.slice(2);
if (chosen !== undefined && !Object.hasOwn(BENCHES, chosen)) {
  console.error(`no benchmark "${chosen}"; there are: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
for (const [name, { title, rows }] of Object.entries(BENCHES)) {
  if (chosen === undefined ? name === 'postgres' && !process.env.SLOTH_BENCH_POSTGRES : chosen !== name) continue;
  console.log(title);
  console.table(Object.fromEntries((await rows()).map(({ what, ...columns }) => [what, columns])));
}
