import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEvent, type StoredEvent } from '../../src/events/index.js';
import { stringifyJson } from '../../src/lib/json.js';
import { drain } from '../../src/projections/drain.js';
import { PROJECTORS } from '../../src/projections/index.js';
import { steps } from '../support/commands.js';
import { commitsIn } from '../support/expected-reads.js';
import { live, logOf } from '../support/lives.js';
import { parameters, TIMEOUT } from '../support/properties.js';

const SCRIPT = new URL('../support/project-logs.mjs', import.meta.url).pathname;

/** So many logs go to the other process; the rest is only projected here. */
const SENT = 500;

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) frozen(item);
  }
  return value;
}

const projected = (log: readonly StoredEvent[]): string =>
  stringifyJson(
    drain(
      log.map((event) => frozen(decodeEvent(event))),
      PROJECTORS,
    ),
  );

const logs: { readonly log: readonly StoredEvent[]; readonly changes: string }[] = [];

test('projecting the same events gives the same rows, at any time, at once or commit by commit', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps(12), async (script) => {
      const { store } = await live(script);
      const log = await logOf(store);
      await store.close();
      const changes = projected(log);
      await new Promise((resolve) => setTimeout(resolve, 2)); // a projector that looks at the clock sees another one
      expect(projected(log)).toBe(changes);
      const parts = commitsIn(log)
        .map(projected)
        .map((text) => text.slice(1, -1));
      expect(`[${parts.filter(Boolean).join(',')}]`).toBe(changes);
      if (logs.length < SENT) logs.push({ log, changes });
    }),
    parameters(),
  );
});

test.each([
  ['Asia/Kathmandu', 'tr_TR.UTF-8'],
  ['America/St_Johns', 'de_DE.UTF-8'],
])('and in another process in time zone %s with locale %s', (zone, locale) => {
  const { stdout, status } = spawnSync(process.execPath, [SCRIPT], {
    env: { PATH: process.env.PATH, TZ: zone, LANG: locale, LC_ALL: locale },
    input: logs.map(({ log }) => JSON.stringify(log)).join('\n'),
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
  });
  expect(status).toBe(0);
  const [there, ...lines] = stdout.trimEnd().split('\n');
  const [hours, , number] = JSON.parse(there as string);
  expect([hours, number]).not.toEqual([0, '1,234.5']); // it was another place indeed
  expect(lines).toHaveLength(logs.length);
  for (const [index, { changes }] of logs.entries()) expect(lines[index]).toBe(changes);
});
