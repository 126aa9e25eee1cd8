import { describe, expect, onTestFinished, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { type Json, type JsonObject, stringifyJson } from '../../src/lib/json.js';
import { block, instance, stateFile } from '../support/terraform.js';

const bytes = (document: Json): Uint8Array => new TextEncoder().encode(stringifyJson(document));

async function stack() {
  const backend = await StateBackend.open(':memory:', { actor: 'test' });
  onTestFinished(() => backend.close());
  const importOf = (from: 'terraform' | 'pulumi', document: JsonObject, force = false) =>
    backend.importCommand('s', bytes(document), { from, force, allowMissing: true });
  const addresses = async () => (await backend.getState('s')).resources.map(({ address }) => address);
  return { backend, importOf, addresses };
}

const terraform = (serial: number, ...names: string[]): JsonObject =>
  stateFile({ serial, resources: names.map((name) => block(name, [instance()])) });

const pulumi = (time: string, ...names: string[]): JsonObject => ({
  version: 3,
  deployment: {
    manifest: { time, magic: '', version: '' },
    resources: names.map((name) => ({
      urn: `urn:pulumi:s::p::a:b:C::${name}`,
      custom: true,
      id: `id-${name}`,
      type: 'a:b:C',
      outputs: { id: `id-${name}` },
    })),
  },
});

describe('a document is checked against the stack when its command is decided', () => {
  test('of two states that were built on serial 4, the lower one is refused after the higher one', async () => {
    const { backend, importOf, addresses } = await stack();
    await backend.execute(await importOf('terraform', terraform(4, 'a')));
    const [six, five] = [
      await importOf('terraform', terraform(6, 'a', 'six')),
      await importOf('terraform', terraform(5, 'a', 'five')),
    ];
    await backend.execute(six);
    await expect(backend.execute(five)).rejects.toMatchObject({
      code: 'SERIAL_TOO_LOW',
      message: 'stack "s" holds serial 6, this state has 5',
    });
    await expect(backend.execute(five, { dryRun: true })).rejects.toMatchObject({ code: 'SERIAL_TOO_LOW' });
    expect(await addresses()).toEqual(['terraform_data.a', 'terraform_data.six']);
  });

  test('two first states of a stack: the second one must follow the first', async () => {
    const { backend, importOf } = await stack();
    const [one, other] = [
      await importOf('terraform', terraform(1, 'a')),
      await importOf('terraform', { ...terraform(9, 'b'), lineage: 'other' }),
    ];
    await backend.execute(one);
    await expect(backend.execute(other)).rejects.toMatchObject({ code: 'LINEAGE_MISMATCH' });
  });

  test('the higher one after the lower one removes what only the lower one contained', async () => {
    const { backend, importOf, addresses } = await stack();
    await backend.execute(await importOf('terraform', terraform(4, 'a')));
    const six = await importOf('terraform', terraform(6, 'a', 'six'));
    await backend.execute(await importOf('terraform', terraform(5, 'a', 'five')));
    expect(await backend.execute(six)).toMatchObject({ events: 3 });
    expect(await addresses()).toEqual(['terraform_data.a', 'terraform_data.six']);
  });

  test('deployments: an older one is refused, and a later one keeps existing resource numbers', async () => {
    const { backend, importOf } = await stack();
    await backend.execute(await importOf('pulumi', pulumi('2024-01-01T00:00:00Z', 'a', 'b')));
    const later = pulumi('2024-01-04T00:00:00Z', 'z', 'b', 'y', 'x');
    const [third, second] = [
      await importOf('pulumi', later),
      await importOf('pulumi', pulumi('2024-01-02T00:00:00Z', 'x', 'a', 'b')),
    ];
    await backend.execute(second);
    expect(await backend.execute(third)).toMatchObject({ events: 4 }); // a goes, z and y come, and the order
    expect(await backend.exportState('s', 'pulumi')).toEqual(later);
    await expect(backend.execute(second)).rejects.toMatchObject({ code: 'DEPLOYMENT_OLDER' });
  });

  test('the same document twice: the second time nothing changes', async () => {
    const { backend, importOf } = await stack();
    for (const command of [
      await importOf('terraform', terraform(4, 'a')),
      await importOf('pulumi', pulumi('2024-01-01T00:00:00Z', 'a', 'b')),
    ]) {
      const own = { ...command, stack: `of-${JSON.stringify(command).length}` };
      expect((await backend.execute(own)).events).toBeGreaterThan(0);
      expect(await backend.execute(own)).toMatchObject({ events: 0, version: 1 });
    }
  });
});

test('a desired state prunes what exists when its command is decided', async () => {
  const { backend, addresses } = await stack();
  await backend.getStackManager().createStack({ name: 's' });
  const set = (name: string) =>
    backend.execute({
      type: 'apply',
      stack: 's',
      resources: [{ type: 't', name }],
      outputs: [{ name, value: 1 }],
    });
  await set('old');
  const desired = { resources: [{ type: 't', name: 'kept' }], outputs: { kept: { value: 2 } } };
  const prune = await backend.desiredStateCommand('s', bytes(desired), { name: 'd.json', prune: true });
  await set('new');
  await backend.execute({ type: 'apply', stack: 's', remove: ['t.old'], removeOutputs: ['old'] });
  await backend.execute(prune);
  expect(await addresses()).toEqual(['t.kept']);
  expect((await backend.getState('s')).outputs.map(({ name }) => name)).toEqual(['kept']);
  expect((await backend.execute(prune)).events).toBe(0);
});
