import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TokenStore } from '../../src/server/index.js';
import { scratchFolder } from '../support/folder.js';
import { type Ask, serving } from '../support/server.js';

const API = '/api/v1';
const stateOf = (serial: number) => ({
  version: 4,
  terraform_version: '1.9.0',
  serial,
  lineage: 'one',
  outputs: { n: { value: serial, type: 'number' } },
  resources: [],
});

/** A server with the stacks `mine` and `prod-db`, and clients with tokens for some stacks. */
async function guarded() {
  const tokens = TokenStore.open(join(scratchFolder(), 'tokens'));
  onTestFinished(() => tokens.close());
  const setting = await serving({ tokens });
  const manager = setting.backend.getStackManager();
  await manager.createStack({ name: 'mine' });
  await manager.createStack({ name: 'prod-db', id: 'prod-id' });
  const as = (name: string, ...stacks: string[]): Ask => {
    const { token } = tokens.create({ name, role: 'write', stacks, by: 'ann' });
    return (method, path, body, headers) =>
      setting.ask(method, path, body, { ...headers, authorization: `Bearer ${token}` });
  };
  return { ...setting, as };
}

const tag = (ask: Ask, stack: string, text: string, key: string) =>
  ask('POST', `${API}/commands/addTags`, { stack, tags: [text] }, { 'idempotency-key': key });

describe('an Idempotency-Key', () => {
  test('of one token does not block the command of another, or return its receipt', async () => {
    const { as, backend } = await guarded();
    const theirs = await tag(as('ci', 'prod*'), 'prod-db', 'x', 'key');
    const ours = await tag(as('me', 'mine*'), 'mine', 'y', 'key');
    expect(ours).toMatchObject({ status: 200, json: { events: 1 } });
    expect(ours.text).not.toContain(String(theirs.json.hash));
    expect(await backend.getTags('mine')).toEqual(['y']);
  });

  test('with another command on the same stack is answered 422, with nothing of the first receipt', async () => {
    const { as, backend } = await guarded();
    const ask = as('ci', 'prod*');
    const first = await tag(ask, 'prod-db', 'x', 'key');
    const second = await tag(ask, 'prod-db', 'y', 'key');
    expect(second).toMatchObject({ status: 422, json: { code: 'COMMAND_ID_REUSED', title: 'Unprocessable Content' } });
    for (const field of ['hash', 'stack_id', 'recorded_at']) {
      expect(first.json[field], field).toBeDefined();
      expect(second.text).not.toContain(String(first.json[field]));
    }
    expect(await backend.getTags('prod-db')).toEqual(['x']);
    expect(await tag(ask, 'prod-db', 'x', 'key')).toMatchObject({ status: 200, json: first.json });
  });

  test('repeats an import and a desired state, although the derived command differs the second time', async () => {
    const { as } = await guarded();
    const ask = as('ci', 'prod*');
    const send = (path: string, body: unknown) =>
      ask('POST', `${API}/stacks/${path}`, body, { 'idempotency-key': path });
    const desired = { resources: [{ type: 't', name: 'a', properties: { n: 1 } }] };
    for (const [path, body, other] of [
      ['prod-db/import?from=terraform', stateOf(1), stateOf(2)],
      ['prod-db/desired-state?prune=false', desired, { resources: [] }],
    ] as const) {
      const first = await send(path, body);
      expect(first).toMatchObject({ status: 200, json: { events: expect.any(Number) } });
      expect(await send(path, body)).toMatchObject({ status: 200, json: first.json });
      expect(await send(path, other)).toMatchObject({ status: 422 });
    }
  });

  test.each(['auto-019ad000-0000-7000-8000-000000000000', 'terraform-1'])(
    'cannot be %s, as the engine makes them',
    async (key) => {
      const { as } = await guarded();
      expect(await tag(as('ci'), 'mine', 'x', key)).toMatchObject({
        status: 400,
        json: { details: { field: 'commandId' } },
      });
    },
  );
});

describe('the id of a stack', () => {
  test('cannot be chosen by a client, so no stack can take another one’s name', async () => {
    const { as, backend } = await guarded();
    const mine = as('me', 'mine*');
    for (const [type, fields] of [
      ['createStack', { name: 'mine-2', id: 'prod-new' }],
      ['apply', { stack: 'mine-2', create: { id: 'prod-new' } }],
    ] as const) {
      expect(await mine('POST', `${API}/commands/${type}`, fields)).toMatchObject({
        status: 400,
        json: { code: 'INVALID_INPUT', details: { field: type === 'apply' ? 'create.id' : 'id' } },
      });
    }
    expect(await backend.findStack('mine-2')).toBeUndefined();
    expect(await as('ci', 'prod*')('POST', '/tfstate/prod-new', stateOf(1))).toMatchObject({ status: 200 });
    expect(await backend.findStack('prod-new')).toMatchObject({ name: 'prod-new' });
  });

  test('is not an address of a Terraform state, even if the operator chose it to look like a name', async () => {
    const { as, backend } = await guarded();
    await backend.getStackManager().createStack({ name: 'mine-3', id: 'prod-captured' });
    const ci = as('ci', 'prod*');
    const before = await backend.head();
    for (const [method, body] of [
      ['POST', stateOf(1)],
      ['GET', undefined],
      ['LOCK', { ID: 'l', Operation: 'apply', Who: 'ci' }],
      ['DELETE', undefined],
    ] as const) {
      expect(await ci(method, '/tfstate/prod-captured', body)).toMatchObject({
        status: 409,
        json: { code: 'NAME_TAKEN' },
      });
    }
    expect(await as('me', 'mine*')('POST', '/tfstate/prod-captured', stateOf(1))).toMatchObject({ status: 403 });
    expect(await backend.head()).toEqual(before);
  });
});

describe('a stack that is renamed out of reach while a document is received', () => {
  const NEW_NAME = 'secret-42';
  const WAYS: readonly (readonly [string, object, Record<string, string>])[] = [
    ['import?from=terraform', stateOf(1), {}],
    ['import?from=terraform', { ...stateOf(9), lineage: 'other' }, {}],
    ['import?from=terraform&force=true', stateOf(1), {}],
    ['import?from=terraform&dry_run=true', stateOf(1), {}],
    ['desired-state?prune=true', { resources: [] }, {}],
    ['desired-state?prune=true&dry_run=true', { resources: [] }, {}],
    ['desired-state', { resources: [] }, { 'idempotency-key': 'key' }],
  ];

  test.each(WAYS)('%s: the response reveals nothing of it', async (path, document, headers) => {
    const { as, backend } = await guarded();
    await backend.execute(
      await backend.importCommand('prod-id', new TextEncoder().encode(JSON.stringify(stateOf(4))), {
        from: 'terraform',
      }),
    );
    const ask = as('ci', 'prod*');
    for (const method of ['importCommand', 'desiredStateCommand'] as const) {
      const make = backend[method].bind(backend) as (...args: unknown[]) => never;
      const renameFirst = async (...args: unknown[]) => {
        await backend.execute({ type: 'updateStack', stack: 'prod-id', name: NEW_NAME });
        return make(...args);
      };
      Object.assign(backend, { [method]: renameFirst });
    }
    const answer = await ask('POST', `${API}/stacks/prod-id/${path}`, document, headers);
    expect(answer).toMatchObject({ status: 403, json: { code: 'OUT_OF_REACH' } });
    for (const secret of [NEW_NAME, 'lineage', 'serial']) expect(answer.text).not.toContain(secret);
    expect(await backend.findStack(NEW_NAME)).toMatchObject({ stateVersion: 3 });
  });
});

test('a Terraform state that another one followed is refused, not acknowledged', async () => {
  const { as, backend } = await guarded();
  const ci = as('ci', 'prod*');
  for (const serial of [1, 2])
    expect(await ci('POST', '/tfstate/prod-db', stateOf(serial))).toMatchObject({ status: 200 });
  const { position } = await backend.head();
  expect(await ci('POST', '/tfstate/prod-db', stateOf(2))).toMatchObject({ status: 200 });
  expect(await ci('POST', '/tfstate/prod-db', stateOf(1))).toMatchObject({
    status: 409,
    json: { code: 'SERIAL_TOO_LOW' },
  });
  expect((await backend.head()).position).toBe(position);
  expect((await ci('GET', '/tfstate/prod-db')).json).toMatchObject({ serial: 2 });
});
