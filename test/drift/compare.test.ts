import { expect, onTestFinished, test } from 'vitest';
import type { ActualStateSource, Observation } from '../../src/drift/index.js';
import { actualFile, StateBackend } from '../../src/index.js';
import { type JsonObject, parseJson } from '../../src/lib/json.js';
import { bytes } from './support.js';

async function stackOf(resources: readonly { name: string; properties: JsonObject }[]) {
  const backend = await StateBackend.open(':memory:');
  onTestFinished(() => backend.close());
  await backend.getStackManager().createStack({ name: 's' });
  await backend.getStackManager().apply({ stack: 's', resources: resources.map((one) => ({ type: 't', ...one })) });
  const drifted = async () => (await backend.getDriftInfo('s')).filter(({ isDrifted }) => isDrifted);
  return { backend, drifted, look: (source: ActualStateSource) => backend.checkDrift('s', source) };
}

/** The examples of docs/adr/0015: the paths that differ. */
test.each<[why: string, expected: string, actual: string, paths: string[]]>([
  ['text is no number', '3', '"3"', ['$.v']],
  ['numbers count by value', '1', '1.0', []],
  ['also with an exponent', '100', '1e2', []],
  ['also when they are long', '12345678901234567890', '12345678901234567890.0', []],
  ['and every digit counts', '12345678901234567890', '12345678901234567891', ['$.v']],
  ['truth is no number', 'true', '1', ['$.v']],
  ['the order of keys has no meaning', '{"a":1,"b":2}', '{"b":2,"a":1}', []],
  ['that of a list has', '[1,2]', '[2,1]', ['$.v[0]', '$.v[1]']],
  [
    'items are known by their id',
    '[{"id":"a","n":1},{"id":"b","n":2}]',
    '[{"id":"b","n":3},{"id":"a","n":1}]',
    ['$.v[?(@.id=="b")].n'],
  ],
  ['but a new order alone is told', '[{"id":"a"},{"id":"b"}]', '[{"id":"b"},{"id":"a"}]', ['$.v[0].id', '$.v[1].id']],
  ['without an identity they are known by place', '[{"n":1},{"n":2}]', '[{"n":2},{"n":1}]', ['$.v[0].n', '$.v[1].n']],
  ['a composed letter is not its parts', '"\\u00e9"', '"e\\u0301"', ['$.v']],
  ['a list is no object', '[]', '{}', ['$.v']],
  ['null is not nothing', 'null', '{}', ['$.v']],
])('%s: %s, %s', async (_, expected, actual, paths) => {
  const { drifted, look } = await stackOf([{ name: 'a', properties: parseJson(`{"v":${expected}}`) as JsonObject }]);
  await look(actualFile(bytes(`{"t.a":{"v":${actual}}}`), 'a.json'));
  expect((await drifted()).flatMap(({ changes }) => changes.map(({ path }) => path))).toEqual(paths);
});

test.each([
  ['absent', '{"v":null}', '{}', { path: '$.v', expected: null }],
  ['null', '{}', '{"v":null}', { path: '$.v', actual: null }],
])('null and absent differ, and each is reported: %s', async (_, expected, actual, change) => {
  const { drifted, look } = await stackOf([{ name: 'a', properties: parseJson(expected) as JsonObject }]);
  await look(actualFile(bytes(`{"t.a":${actual}}`), 'a.json'));
  expect((await drifted()).map(({ changes }) => changes)).toEqual([[change]]);
});

const named = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ name: `r${String(n).padStart(6, '0')}`, properties: { n } }));

/** A source that answers in any order. */
const answering = (answers: (addresses: readonly string[]) => Observation[]): ActualStateSource => ({
  name: 'test',
  async *observe(pages) {
    const addresses: string[] = [];
    for await (const page of pages) addresses.push(...page.map(({ address }) => address));
    yield* answers(addresses);
  },
});

test('every resource is passed to the source once, page by page, and matched however late its result arrives', async () => {
  const { look, drifted } = await stackOf(named(21_003));
  const seen: string[] = [];
  const check = await look(
    answering((addresses) => {
      seen.push(...addresses);
      return addresses.toReversed().map((address) => ({ address, actual: { n: Number(address.slice(3)) % 21_002 } }));
    }),
  );
  expect(seen).toEqual(named(21_003).map(({ name }) => `t.${name}`));
  expect(check).toMatchObject({ compared: 21_003, passedOver: 0, failed: [] });
  expect((await drifted()).map(({ address }) => address)).toEqual(['t.r021002']);
});

test('errors and omitted resources are counted separately, and not recorded', async () => {
  const { look, drifted } = await stackOf(named(5));
  const check = await look(
    answering(([a = '', b = '', c = '']) => [
      { address: c, error: 'boom' },
      { address: b, actual: { n: 9 } },
      { address: a, error: 'bang' },
    ]),
  );
  expect(check).toMatchObject({
    compared: 1,
    passedOver: 2,
    failed: [
      { resource: 't.r000000', error: 'bang' },
      { resource: 't.r000002', error: 'boom' },
    ],
  });
  expect((await drifted()).map(({ address }) => address)).toEqual(['t.r000001']);
});

test('a check records changes as one commit, and nothing if nothing changed', async () => {
  const { backend, look, drifted } = await stackOf(named(4));
  const saying = (...ns: number[]) =>
    answering((addresses) => addresses.map((address, index) => ({ address, actual: { n: ns[index] ?? -1 } })));
  const first = await look(saying(0, 9, 9, 3));
  expect(first.receipt).toMatchObject({ events: 2 });
  expect((await look(saying(0, 9, 9, 3))).receipt).toMatchObject({ events: 0 });
  expect((await look(saying(0, 1, 8, 3))).receipt).toMatchObject({ events: 3 });
  expect((await drifted()).map(({ actual }) => actual)).toEqual([{ n: 8 }]);
  const addresses = async (newest: boolean) =>
    (await backend.getDrift('s', undefined, { newest })).findings.map(({ address }) => address);
  expect(await addresses(false)).toEqual(['t.r000002', 't.r000002', 't.r000001']);
  expect(await addresses(true)).toEqual(['t.r000002', 't.r000001']);
  expect((await look(saying(0, 1, 2, 3))).receipt).toMatchObject({ events: 1 });
  expect((await look(saying(0, 1, 2, 3))).receipt).toBeUndefined();
  expect((await backend.findStack('s'))?.stateVersion).toBe(2);
});

test('a resource that changed during the check is compared with its current properties', async () => {
  const { backend, look, drifted } = await stackOf(named(1));
  const source: ActualStateSource = {
    name: 'slow',
    async *observe(pages) {
      for await (const [resource] of pages) {
        await backend.getStackManager().setResource('s', { type: 't', name: 'r000000', properties: { n: 7 } });
        yield { address: resource?.address ?? '', actual: { n: 7 } };
      }
    },
  };
  await look(source);
  expect(await drifted()).toEqual([]);
});
