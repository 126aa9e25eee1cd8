import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TerraformStates } from '../../src/api/terraform/states.js';
import { ConflictError } from '../../src/index.js';
import { equalJson, type Json, type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { TestClock } from '../support/clock.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { reads } from '../support/reads.js';
import { KINDS, openFresh } from '../support/stores.js';
import { block, instance, stateFile } from '../support/terraform.js';

/** What somebody does to a stack: through Terraform, or past it. */
type Step =
  | {
      readonly do: 'put';
      readonly names: readonly string[];
      readonly count: number;
      readonly value: number;
      readonly compact: boolean;
    }
  | { readonly do: 'put again' | 'put an old one' | 'describe' | 'forget' }
  | { readonly do: 'set'; readonly name: string; readonly value: number }
  | { readonly do: 'roll back'; readonly by: number };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      names: fc.uniqueArray(name, { maxLength: 5 }),
      count: fc.nat(3),
      value: fc.nat(2),
      compact: fc.boolean(),
    }),
  },
  fc.record({
    do: fc.constantFrom('put again' as const, 'put an old one' as const, 'describe' as const, 'forget' as const),
  }),
  fc.record({ do: fc.constant('set' as const), name, value: fc.nat(3) }),
  fc.record({ do: fc.constant('roll back' as const), by: fc.integer({ min: 1, max: 4 }) }),
);

/** A state with single resources, one of some instances, and one that has none. */
const documentOf = (serial: number, { names, count, value }: Extract<Step, { do: 'put' }>): JsonObject =>
  stateFile({
    serial,
    resources: [
      ...[...names]
        .sort()
        .map((one, n) => block(one, [instance({ attributes: { id: one, value: n % 2 ? value : 0, html: '<&>' } })])),
      block(
        'many',
        Array.from({ length: count }, (_, index_key) => ({
          index_key,
          ...instance({ attributes: { value: index_key === 1 ? value : 0 } }),
        })),
      ),
    ],
    outputs: value === 0 ? {} : { o: { value, type: 'number' } },
  });

test(
  'whatever is done to a stack, what Terraform reads is what the tables say, newer than before, and what it stored last',
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const clock = new TestClock();
        const engine = await openFresh(KINDS.at(-1) as string, clock);
        let states = new TerraformStates(engine, clock);
        const put = (text: string) => states.put('s', new TextEncoder().encode(text), { actor: 'terraform' });
        const got = async (from = states) => {
          const state = await from.get('s');
          return state ? (parseJson(state.text) as JsonObject) : undefined;
        };
        const stored: string[] = [];
        let version = 0;
        let serial = 0;
        for (const one of steps) {
          const before = await got();
          if (one.do === 'put') {
            const document = documentOf(Number(before?.serial ?? 0) + 1, one);
            const lineage = before?.lineage ?? 'line';
            const text = stringifyJson({ ...document, lineage }, one.compact ? 0 : 2);
            await put(text);
            stored.push(text);
            expect(equalJson((await got()) as Json, parseJson(text))).toBe(true);
          } else if (one.do === 'put again' || one.do === 'put an old one') {
            const text = one.do === 'put again' ? stored.at(-1) : stored[0];
            clock.advance(one.do === 'put again' ? 0 : 3_600_000);
            if (text !== undefined) await put(text).catch((error) => expect(error).toBeInstanceOf(ConflictError));
            expect(equalJson((await got()) as Json, before as Json)).toBe(true);
          } else if (one.do === 'forget') states = new TerraformStates(engine, clock);
          else if (before === undefined) continue;
          else if (one.do === 'describe') {
            await engine.execute({ type: 'updateStack', stack: 's', description: `at ${serial}` }, { actor: 'cli' });
          } else if (one.do === 'set') {
            const resources = [{ type: 'terraform_data', name: one.name, properties: { value: one.value } }];
            await engine.execute({ type: 'apply', stack: 's', resources }, { actor: 'cli' });
          } else if (one.do === 'roll back') {
            const toVersion = Math.max(1, version - one.by);
            await engine.execute({ type: 'rollback', stack: 's', toVersion }, { actor: 'cli' });
          }
          const now = await got();
          expect(equalJson(now as Json, (await got(new TerraformStates(engine, clock))) as Json)).toBe(true);
          const stack = await reads(engine.store).stack('s');
          if (stack && stack.stateVersion > version) expect(Number(now?.serial)).toBeGreaterThan(serial);
          version = stack?.stateVersion ?? 0;
          serial = Number(now?.serial ?? 0);
        }
        await engine.store.close();
      }),
      parameters(3),
    ),
  TIMEOUT,
);
