import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { equalJson, type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { md5, serving } from '../support/server.js';
import { block, fixture, instance, stateFile } from '../support/terraform.js';

const STATE = '/tfstate/web';
const info = (ID: string): JsonObject => ({
  ID,
  Operation: 'OperationTypeApply',
  Info: '',
  Who: 'ann@host',
  Version: '1.11.4',
  Created: '2026-01-02T03:04:05.123456789Z',
  Path: '',
});
const state = (serial: number, ...names: readonly string[]): JsonObject =>
  stateFile({ serial, resources: names.map((name) => block(name, [instance()])) });

describe('a state', () => {
  test.each(['web-v1.tfstate', 'web-v2.tfstate', 'modules.tfstate'])('%s comes back value for value', async (name) => {
    const { ask } = await serving();
    const text = readFileSync(fixture(name), 'utf8');
    expect(await ask('POST', STATE, text)).toMatchObject({ status: 200 });
    const answer = await ask('GET', STATE);
    expect(answer).toMatchObject({ status: 200 });
    expect(equalJson(answer.json, parseJson(text))).toBe(true);
    expect(answer.headers.get('content-md5')).toBe(md5(answer.text));
  });

  test('comes back value for value also from the tables', async () => {
    const { ask, backend } = await serving();
    const text = readFileSync(fixture('modules.tfstate'), 'utf8');
    await ask('POST', STATE, text);
    const other = await (await backend.getTerraformStates()).get('web');
    expect(equalJson(parseJson(other?.text ?? ''), parseJson(text))).toBe(true);
  });

  test('numbers no double holds, and keys that are prototypes', async () => {
    const { ask } = await serving();
    const text =
      '{"version":4,"serial":1,"lineage":"l","big":12345678901234567890,"resources":[{"mode":"managed","type":"t","name":"n","__proto__":2,"instances":[{"attributes":{"__proto__":{"x":[]},"n":-0,"m":1.10}}]}]}';
    await ask('POST', STATE, text);
    const answer = await ask('GET', STATE);
    expect(equalJson(answer.json, parseJson(text))).toBe(true);
    expect(stringifyJson(answer.json)).toContain('12345678901234567890');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('none yet: 404', async () => {
    const { ask } = await serving();
    expect(await ask('GET', STATE)).toMatchObject({ status: 404, json: { code: 'NO_STATE' } });
    await ask('LOCK', STATE, info('one'));
    expect(await ask('GET', STATE)).toMatchObject({ status: 404 });
  });

  test('PUT is as good as POST, and sending it again does nothing', async () => {
    const { ask, backend } = await serving();
    expect(await ask('PUT', STATE, state(1, 'a'))).toMatchObject({ status: 200 });
    const { position } = await backend.head();
    expect(await ask('POST', STATE, state(1, 'a'))).toMatchObject({ status: 200 });
    expect((await backend.head()).position).toBe(position);
  });

  test('is recorded with Terraform as source, and with its actor', async () => {
    const { ask, backend } = await serving();
    await ask('POST', STATE, state(1, 'a'));
    const [event] = (await backend.getActivity('web')).events;
    expect(event?.meta).toMatchObject({ source: 'terraform', actor: 'anonymous', command: 'import' });
  });

  test.each<[string, JsonObject, string]>([
    ['a lower serial', state(4, 'b'), 'SERIAL_TOO_LOW'],
    ['another lineage', { ...state(6, 'b'), lineage: 'other' }, 'LINEAGE_MISMATCH'],
  ])('%s: 409, unless it may be overwritten', async (_, next, code) => {
    const strict = await serving();
    await strict.ask('POST', STATE, state(5, 'a'));
    expect(await strict.ask('POST', STATE, next)).toMatchObject({ status: 409, json: { code } });
    const lenient = await serving({ overwrite: ['w*'] });
    await lenient.ask('POST', STATE, state(5, 'a'));
    expect(await lenient.ask('POST', STATE, next)).toMatchObject({ status: 200 });
    await lenient.ask('POST', '/tfstate/other', state(5, 'a'));
    expect(await lenient.ask('POST', '/tfstate/other', next)).toMatchObject({ status: 409 });
  });

  test.each<[string, string | Uint8Array, number, string]>([
    ['no JSON', '{', 400, 'INVALID_JSON'],
    ['no state', '{"version": 3}', 400, 'INVALID_TERRAFORM_STATE'],
    ['nothing', '', 400, 'INVALID_TERRAFORM_STATE'],
    ['a key that stands twice', '{"version":4,"version":4}', 400, 'INVALID_JSON'],
  ])('%s: %s', async (_, body, status, code) => {
    const { ask, backend } = await serving();
    const answer = await ask('POST', STATE, body);
    expect(answer).toMatchObject({ status, json: { code, status } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect((await backend.head()).position).toBe(0);
  });

  test('a body that was damaged on the way: 400', async () => {
    const { ask, backend } = await serving();
    const headers = { 'content-md5': md5('another') };
    expect(await ask('POST', STATE, state(1, 'a'), headers)).toMatchObject({
      status: 400,
      json: { code: 'DIGEST_MISMATCH' },
    });
    expect((await backend.head()).position).toBe(0);
    const body = stringifyJson(state(1, 'a'));
    expect(await ask('POST', STATE, body, { 'content-md5': md5(body) })).toMatchObject({ status: 200 });
  });

  test('DELETE, also repeated, and never of a missing stack', async () => {
    const { ask, backend } = await serving();
    await ask('POST', STATE, state(1, 'a'));
    await ask('LOCK', STATE, info('one'));
    expect(await ask('DELETE', STATE)).toMatchObject({ status: 423, json: { ID: 'one' } });
    expect(await ask('DELETE', `${STATE}?ID=one`)).toMatchObject({ status: 200 });
    expect(await ask('DELETE', `${STATE}?ID=one`)).toMatchObject({ status: 200 });
    expect(await ask('GET', STATE)).toMatchObject({ status: 404 });
    expect(await ask('DELETE', '/tfstate/never')).toMatchObject({ status: 404 });
    expect(await backend.findStack('web', { deleted: true })).toBeDefined();
  });

  test('a name is decoded before it is used', async () => {
    const { ask, backend } = await serving();
    for (const name of ['team/web', 'größe 5%', 'a?b#c', 'x'.repeat(255)]) {
      expect(await ask('POST', `/tfstate/${encodeURIComponent(name)}`, state(1, 'a'))).toMatchObject({ status: 200 });
      expect(await backend.findStack(name)).toMatchObject({ name });
    }
  });
});

describe('a lock', () => {
  test('is returned as its holder described it to others', async () => {
    const { ask } = await serving();
    expect(await ask('LOCK', STATE, info('one'))).toMatchObject({ status: 200, json: info('one') });
    expect(await ask('LOCK', STATE, info('one'))).toMatchObject({ status: 200 });
    const held = await ask('LOCK', STATE, info('two'));
    expect(held).toMatchObject({ status: 423 });
    expect(held.json).toEqual(info('one'));
  });

  test('lets its holder store a state, and nobody else', async () => {
    const { ask } = await serving();
    await ask('LOCK', STATE, info('one'));
    expect(await ask('POST', STATE, state(1, 'a'))).toMatchObject({ status: 423, json: { ID: 'one' } });
    expect(await ask('POST', `${STATE}?ID=two`, state(1, 'a'))).toMatchObject({ status: 423, json: { ID: 'one' } });
    expect(await ask('POST', `${STATE}?ID=one&ID=one`, state(1, 'a'))).toMatchObject({ status: 400 });
    expect(await ask('POST', `${STATE}?ID=one`, state(1, 'a'))).toMatchObject({ status: 200 });
    expect(await ask('UNLOCK', STATE, info('one'))).toMatchObject({ status: 200 });
    expect(await ask('UNLOCK', STATE, info('one'))).toMatchObject({ status: 200 });
    expect(await ask('POST', `${STATE}?ID=one`, state(2, 'b'))).toMatchObject({
      status: 409,
      json: { code: 'LOCK_NOT_HELD' },
    });
  });

  test.each([
    ['POST', 'DELETE'],
    ['PUT', 'DELETE'],
    ['LOCK', 'UNLOCK'],
  ])('at its own address, %s and %s', async (lock, unlock) => {
    const { ask, backend } = await serving();
    expect(await ask(lock, `${STATE}/lock`, info('one'))).toMatchObject({ status: 200 });
    expect(await ask(lock, `${STATE}/lock`, info('two'))).toMatchObject({ status: 423, json: { ID: 'one' } });
    expect(await ask(unlock, `${STATE}/lock`, info('two'))).toMatchObject({ status: 423, json: { ID: 'one' } });
    expect(await ask(unlock, `${STATE}/lock`, info('one'))).toMatchObject({ status: 200 });
    expect(await backend.getLockInfo('web')).toBeUndefined();
  });

  test('force-unlock is recorded as a broken lock, or refused', async () => {
    const lenient = await serving();
    await lenient.ask('LOCK', STATE, info('one'));
    expect(await lenient.ask('UNLOCK', STATE)).toMatchObject({ status: 200 });
    const [event] = (await lenient.backend.getActivity('web')).events;
    expect(event).toMatchObject({ type: 'LockBroken', data: { reason: 'force-unlock by anonymous from 127.0.0.1' } });
    const strict = await serving({ forceUnlock: false });
    await strict.ask('LOCK', STATE, info('one'));
    expect(await strict.ask('UNLOCK', STATE)).toMatchObject({ status: 409, json: { code: 'FORCE_UNLOCK_REFUSED' } });
    expect(await strict.backend.getLockInfo('web')).toMatchObject({ lockId: 'one' });
  });
});

test('acknowledged commands are stored when the server stops, and its port is released', async () => {
  const { ask, backend, server } = await serving();
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  const status = (n: number): Promise<number> =>
    ask('POST', `/tfstate/s${n}`, state(1, 'a')).then(
      (answer) => answer.status,
      () => 0,
    );
  const sent = numbers.map(status);
  await sent[0];
  const began = performance.now();
  await server.close();
  expect(performance.now() - began).toBeLessThan(20_000); // it waits for no client that keeps its connection
  const statuses = await Promise.all(sent);
  const stored = await Promise.all(numbers.map(async (n) => (await backend.findStack(`s${n}`)) !== undefined));
  for (const n of numbers) if (statuses[n] === 200) expect(stored[n]).toBe(true);
  await expect(fetch(server.url)).rejects.toThrow();
});
