// The command line on a database of 1,000 stacks and 1,000,000 events: wall time and peak memory of a process, against a bare
// `node -e 0`, and terraform's for comparison.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bigLog } from './big-log.mjs';
import { inFolder } from './data.mjs';
import { diskAtRest, interleaved, milliseconds } from './measure.mjs';
import { terraform } from './peers/terraform.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const state = (...args) => [file('../bin/run.cjs'), 'stack', 'state', ...args];
const LOCK = state('lock', 'stack-7', '--lock-id', 'bench', '--operation', 'bench');
const UNLOCK = state('unlock', 'stack-7', '--lock-id', 'bench');

const COMMANDS = {
  'node -e 0': [['-e', '0']],
  'stack state list': [state('list')],
  'stack state show': [state('show', 'stack-7')],
  'stack state versions': [state('versions', 'stack-7')],
  'stack state lock and unlock': [LOCK, UNLOCK],
};
/** Milliseconds a listing may take beside a bare node. */
const ABOVE_NODE = 90;

export const cli = ({ quick, events = quick ? 50_000 : 1_000_000 }) =>
  inFolder(async (folder) => {
    const db = await bigLog(events);
    diskAtRest();
    const env = { ...process.env, SLOTH_RUNNER_DB: db, SLOTH_RUNNER_ACTOR: 'bench' };
    const node = (args) => {
      const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return stderr;
    };
    const peak = (runs) =>
      Math.max(
        ...runs.map((args) =>
          Number(
            node(['-r', file('peak.cjs'), ...args])
              .split('\n')
              .at(-1),
          ),
        ),
      );
    const tool = terraform(folder, 1_000);
    const times = await interleaved(
      {
        ...Object.fromEntries(Object.entries(COMMANDS).map(([name, runs]) => [name, () => runs.forEach(node)])),
        ...(tool && { 'terraform version': tool.version, 'terraform state list, 1,000 resources': tool.list }),
      },
      { rounds: 7, times: 1 },
    );
    const bare = times['node -e 0'].median;
    return Object.entries(times).map(([what, time]) => {
      const above = time.median - bare;
      const goal = what === 'stack state list' ? ` ${above <= ABOVE_NODE ? '✓' : '✗'} ≤ ${ABOVE_NODE}` : '';
      return {
        what,
        time: milliseconds(time),
        'ms above bare node': `${above.toFixed(0)}${goal}`,
        'peak MiB': what in COMMANDS ? Math.round(peak(COMMANDS[what]) / 1024) : '',
      };
    });
  });
