import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import type { JsonObject } from '../../src/lib/json.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { asking } from '../support/server.js';
import { block, instance, stateFile } from '../support/terraform.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;

async function serveWithin96MiB(db: string) {
  const args = ['--max-old-space-size=96', BIN, 'serve', '--db', db, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [...args, '--output', 'json', '--log-level', 'silent']);
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
  await until(() => stdout.includes('}') || child.exitCode !== null);
  return { child, ask: asking((JSON.parse(stdout) as { url: string }).url) };
}

describe('a heap of 96 MiB', () => {
  const DOCUMENTS: readonly (readonly [name: string, count: number, properties: () => JsonObject])[] = [
    ['few', 4, () => ({ text: 'x'.repeat(15_000_000) })],
    ['dense', 5, () => ({ list: Array.from({ length: 600_000 }, () => ({ a: 1 })) })],
  ];

  test.each(DOCUMENTS)(
    'lives on when a stack is read that does not fit in it: %s documents',
    async (_, count, properties) => {
      const db = join(scratchFolder(), 's.db');
      const backend = await StateBackend.open(db);
      const manager = backend.getStackManager();
      await manager.createStack({ name: 'big' });
      for (let n = 0; n < count; n += 1) {
        const resource = { type: 't', name: `r${n}`, properties: properties() };
        await manager.apply({ stack: 'big', resources: [resource] });
      }
      await backend.close();
      const { child, ask } = await serveWithin96MiB(db);
      for (const path of ['', '/export?to=terraform', '/activity', '/resources', `?at_version=${count + 1}`]) {
        const answer = await ask('GET', `/api/v1/stacks/big${path}`);
        expect({ path, status: answer.status, code: answer.json.code }).toEqual({
          path,
          status: 507,
          code: 'ANSWER_TOO_LARGE',
        });
      }
      expect((await ask('GET', '/tfstate/big')).json).toMatchObject({ code: 'ANSWER_TOO_LARGE' });
      expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
      expect(child.exitCode).toBeNull();
    },
    120_000,
  );

  test('survives states of 52 MB', async () => {
    const { child, ask } = await serveWithin96MiB(join(scratchFolder(), 's.db'));
    const of = (bytes: number): string => {
      const resources = Array.from({ length: bytes / 600 }, (_, n) =>
        block(`r${String(n).padStart(6, '0')}`, [instance({ attributes: { id: `i-${n}`, text: 'x'.repeat(200) } })]),
      );
      return JSON.stringify(stateFile({ serial: 1, resources }), null, 2);
    };
    const large = of(52_000_000);
    // A client that goes on sending after it was refused may see the connection closed instead of the answer.
    const statusOf = (n: number) =>
      ask('POST', `/tfstate/s${n}`, large).then(
        ({ status }) => status,
        () => 'closed',
      );
    for (const status of await Promise.all([1, 2, 3].map(statusOf))) {
      expect([200, 413, 503, 'closed']).toContain(status);
    }
    expect(child.exitCode).toBeNull();
    /** Sends again what met the bodies before it: a refusal that comes while a client sends may end its connection. */
    const answered = async (path: string, body: string) => {
      for (let tries = 0; ; tries += 1) {
        const answer = await ask('POST', path, body).catch(() => undefined);
        if (answer && answer.status !== 503) return answer;
        if (tries === 100) throw new Error(`not answered; exit code ${child.exitCode}, signal ${child.signalCode}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    // As many values as are allowed, in the forms that take most memory.
    const most = Number(
      (await answered('/tfstate/many', `[${'1,'.repeat(1_500_000)}1]`)).text.match(/"maxValues":(\d+)/)?.[1],
    );
    expect(most).toBeGreaterThan(100_000);
    const keys = Array.from({ length: most - 10 }, (_, n) => `"k${n}":1`).join(',');
    for (const values of [`{${keys}}`, `[${'{},'.repeat(most / 2 - 10)}1]`, `[${'[],'.repeat(most / 2 - 10)}1]`]) {
      const { status } = await answered('/tfstate/dense', `{"version":4,"serial":1,"lineage":"l","x":${values}}`);
      expect([200, 400, 409, 413, 503]).toContain(status);
    }
    expect(await answered('/tfstate/small', of(3_000_000))).toMatchObject({ status: 200 });
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
    expect(child.exitCode).toBe(null);
  }, 180_000);
});
