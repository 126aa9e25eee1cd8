import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { emptySchema } from '../support/postgres.js';

const PAGE = readFileSync(new URL('../../docs/postgres.md', import.meta.url), 'utf8');
const [, ROLES = ''] = /```sql\n(.*?)```/s.exec(PAGE) ?? [];

test('with the roles of the documentation a writer works, a reader reads, and neither changes the log', async () => {
  const owner = await emptySchema();
  const schema = /t_[0-9a-f]+/.exec(owner)?.[0] ?? '';
  const name = randomBytes(4).toString('hex');
  await using made = await StateBackend.open(owner);
  await made.getStackManager().createStack({ name: 'web' });

  const client = new pg.Client({ connectionString: owner });
  await client.connect();
  const roles = ROLES.replaceAll('SCHEMA public', `SCHEMA ${schema}`).replace(/sloth_(writer|reader)/g, `$1_${name}`);
  await client.query(`${roles}
    ALTER ROLE writer_${name} LOGIN; ALTER ROLE reader_${name} LOGIN;
    GRANT USAGE ON SCHEMA ${schema} TO writer_${name}, reader_${name}`);
  onTestFinished(async () => {
    await client.query(`DROP OWNED BY writer_${name}, reader_${name}; DROP ROLE writer_${name}, reader_${name}`);
    await client.end();
  });
  const as = (role: string): string => owner.replace('//sloth@', `//${role}_${name}@`);

  await using writer = await StateBackend.open(as('writer'));
  await writer.getStackManager().setResource('web', { type: 't', name: 'a', properties: { n: 1 } });
  await writer.addTag('web', 'x');
  expect((await writer.getAdmin().verify()).problems).toEqual([]);
  await expect(writer.getAdmin().rebuild()).rejects.toMatchObject({ code: 'READ_ONLY' });

  await using reader = await StateBackend.open(as('reader'));
  expect((await reader.getState('web')).version).toBe(2);
  await expect(reader.addTag('web', 'y')).rejects.toMatchObject({ code: 'READ_ONLY' });

  for (const role of ['writer', 'reader', 'owner']) {
    const one = new pg.Client({ connectionString: role === 'owner' ? owner : as(role) });
    await one.connect();
    for (const text of ["UPDATE events SET data = '{}'", 'DELETE FROM events', 'TRUNCATE events']) {
      await expect(one.query(text)).rejects.toThrow(/permission denied|immutable/);
    }
    await one.end();
  }
  expect((await made.getAdmin().verify()).problems).toEqual([]);
});
