import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ExpectedResource, terraformDirectory, terraformPlan } from '../../src/drift/index.js';
import { type JsonObject, stringifyJson } from '../../src/lib/json.js';
import { scratchFolder } from '../support/folder.js';
import { fixture, terraformStack, withoutTerraform } from '../support/terraform.js';
import { bytes, expected, look } from './support.js';

/** The expected properties after the engine imported this state. */
async function imported(state: string): Promise<readonly ExpectedResource[]> {
  const { backend, take } = await terraformStack();
  await take(state);
  return (await backend.getState('s')).resources.map((record) => ({
    ...record,
    properties: record.value.properties as JsonObject,
    metadata: record.value.metadata,
  }));
}

const properties = (resources: readonly ExpectedResource[]): JsonObject =>
  Object.fromEntries(resources.map(({ address, properties }) => [address, properties]));

const plan = (fields: JsonObject, what = 'plan.json') =>
  terraformPlan(bytes(stringifyJson({ format_version: '1.2', ...fields })), what);

const drift = (address: string, after: JsonObject | null, fields: JsonObject = {}): JsonObject => ({
  address,
  change: { actions: [after === null ? 'delete' : 'update'], before: {}, after },
  ...fields,
});

const prior = (...resources: readonly JsonObject[]): JsonObject => ({
  prior_state: { values: { root_module: { resources } } },
});

describe('a plan as JSON', () => {
  test('of an unchanged state has exactly the values of the state file', async () => {
    // The plan was made when the state was web-v1 without node-3, which was no longer in the configuration.
    const resources = await imported(readFileSync(fixture('web-v1.tfstate'), 'utf8'));
    const { found } = await look(terraformPlan(readFileSync(fixture('web-plan.json')), 'web-plan.json'), resources);
    expect(Object.keys(found).length).toBeGreaterThanOrEqual(7);
    for (const [address, actual] of Object.entries(found)) {
      expect(stringifyJson([address, actual])).toBe(stringifyJson([address, properties(resources)[address]]));
    }
  });

  test('returns what the refresh found changed or missing, rather than the prior state', async () => {
    const source = plan({
      ...prior(
        { address: 'aws_vpc.a', values: { cidr: 'old' } },
        { address: 'aws_vpc.same', values: { cidr: 'same' } },
      ),
      resource_drift: [drift('aws_vpc.a', { cidr: 'new' }), drift('aws_vpc.gone', null)],
    });
    const asked = ['aws_vpc.a', 'aws_vpc.same', 'aws_vpc.gone', 'aws_vpc.unknown'];
    const { found } = await look(
      source,
      asked.map((address) => expected(address, { cidr: 'x' })),
    );
    expect(found).toEqual({ 'aws_vpc.a': { cidr: 'new' }, 'aws_vpc.same': { cidr: 'same' }, 'aws_vpc.gone': null });
  });

  test('includes nested modules, and skips deposed objects', async () => {
    const source = plan({
      prior_state: {
        values: {
          root_module: {
            resources: [{ address: 'aws_vpc.only', deposed_key: '00000001', values: { cidr: 'deposed' } }],
            child_modules: [
              {
                child_modules: [{ resources: [{ address: 'module.a.module.b[0].aws_vpc.c', values: { cidr: 'c' } }] }],
              },
            ],
          },
        },
      },
      resource_drift: [drift('aws_vpc.only', null, { deposed: '00000001' })],
    });
    const { found } = await look(source, [expected('aws_vpc.only'), expected('module.a.module.b[0].aws_vpc.c')]);
    expect(found).toEqual({ 'module.a.module.b[0].aws_vpc.c': { cidr: 'c' } });
  });

  test('follows a moved resource, also to an address that was used before', async () => {
    const source = plan({
      resource_drift: [
        drift('aws_vpc.b', { was: 'a' }, { previous_address: 'aws_vpc.a' }),
        drift('aws_vpc.a', { was: 'b' }, { previous_address: 'aws_vpc.b' }),
      ],
    });
    const { found } = await look(source, [expected('aws_vpc.a'), expected('aws_vpc.b')]);
    expect(found).toEqual({ 'aws_vpc.a': { was: 'a' }, 'aws_vpc.b': { was: 'b' } });
  });

  const form = async (wanted: JsonObject, values: JsonObject) =>
    (await look(plan(prior({ address: 'a.b', values })), [expected('a.b', wanted)])).found['a.b'];

  test.each<[string, JsonObject, JsonObject, JsonObject]>([
    [
      'the same, with the type it had',
      { input: { value: ['a'], type: ['list', 'string'] } },
      { input: ['a'] },
      { input: { value: ['a'], type: ['list', 'string'] } },
    ],
    [
      'another of the same type',
      { input: { value: ['a'], type: ['set', 'string'] } },
      { input: ['b', 'c'] },
      { input: { value: ['b', 'c'], type: ['set', 'string'] } },
    ],
    [
      'of another type',
      { input: { value: { m: { a: 'x' } }, type: ['object', { m: ['map', 'string'] }] } },
      { input: { m: { b: 'y' }, new: [1, true, null, 'text', { deep: 2 }] } },
      {
        input: {
          value: { m: { b: 'y' }, new: [1, true, null, 'text', { deep: 2 }] },
          type: [
            'object',
            {
              m: ['map', 'string'],
              new: ['tuple', ['number', 'bool', 'dynamic', 'string', ['object', { deep: 'number' }]]],
            },
          ],
        },
      },
    ],
    ['null', { input: { value: 'a', type: 'string' } }, { input: null }, { input: null }],
    [
      'a typed null that stays',
      { input: { value: null, type: 'string' } },
      { input: null },
      { input: { value: null, type: 'string' } },
    ],
    [
      'in a block',
      { blocks: [{ input: { value: 1, type: 'number' } }] },
      { blocks: [{ input: 2 }, { input: 3 }] },
      { blocks: [{ input: { value: 2, type: 'number' } }, { input: 3 }] },
    ],
    [
      'itself an object of value and type',
      { input: { value: { value: 1, type: 'A' }, type: ['object', { value: 'number', type: 'string' }] } },
      { input: { value: 2, type: 'A' } },
      { input: { value: { value: 2, type: 'A' }, type: ['object', { value: 'number', type: 'string' }] } },
    ],
  ])('a dynamic value is wrapped as in the state: %s', async (_, wanted, values, actual) => {
    expect(await form(wanted, values)).toEqual(actual);
  });

  test('an attribute with fields named value and type does not change', async () => {
    const record = { record: { value: '10.0.0.1', type: 'A' } };
    expect(await form(record, { record: { value: '10.0.0.2', type: 'A' } })).toEqual({
      record: { value: '10.0.0.2', type: 'A' },
    });
    expect(await form(record, { record: 'text' })).toEqual({ record: 'text' });
  });

  test('null and absent are equal at the top level only', async () => {
    expect(await form({ a: null, b: 1, c: { d: null } }, { b: 1, e: null, c: { f: null } })).toEqual({
      a: null,
      b: 1,
      c: { f: null },
    });
  });

  test.each<[string, string]>([
    ['', 'document'],
    ['[]', 'document'],
    ['{}', 'format_version'],
    ['{"format_version":"2.0","prior_state":{}}', 'format_version'],
    ['{"format_version":"1.0","values":{"root_module":{}}}', 'prior_state'],
    ['{"format_version":"1.2","prior_state":{},"errored":true}', 'errored'],
    ['{"format_version":"1.2","resource_drift":[{"address":"a.b"}]}', 'resource_drift.0.change'],
    [
      '{"format_version":"1.2","resource_drift":[{"address":"a.b","change":{"actions":[],"after":[]}}]}',
      'resource_drift.0.change.after',
    ],
    [
      '{"format_version":"1.2","prior_state":{"values":{"root_module":{"child_modules":[{"resources":[{}]}]}}}}',
      'prior_state.values.root_module.child_modules.0.resources.0.address',
    ],
  ])('refuses %s', (text, field) => {
    expect(() => terraformPlan(bytes(text), 'plan.json')).toThrow(
      expect.objectContaining({
        code: 'TERRAFORM_PLAN_INVALID',
        hint: expect.stringContaining('terraform show -json'),
        details: { field, file: 'plan.json' },
      }),
    );
  });
});

const CONFIGURATION = `
variable "secret" {
  default   = "hunter2-hunter2"
  sensitive = true
}
resource "terraform_data" "plain" {
  input            = { name = "x", list = tolist(["a"]), n = 9007199254740993, secret = var.secret }
  triggers_replace = ["z", null, true]
}
resource "terraform_data" "counted" {
  count = 2
  input = count.index
}
resource "terraform_data" "keyed" {
  for_each = toset(["a.b", "with \\"quotes\\"", "$\${tpl}"])
}
data "terraform_remote_state" "other" {
  backend = "local"
  config  = { path = "\${path.module}/other.tfstate" }
}
module "child" {
  source   = "./child"
  for_each = toset(["eu"])
}
`;

const otherState = (value: string): string =>
  stringifyJson({
    version: 4,
    terraform_version: '1.11.4',
    serial: 1,
    lineage: 'other',
    outputs: { o: { value, type: 'string' } },
    resources: [],
    check_results: null,
  });

/** A directory that Terraform has applied. */
function applied(): string {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'child'));
  writeFileSync(join(folder, 'main.tf'), CONFIGURATION);
  writeFileSync(join(folder, 'child', 'main.tf'), 'resource "terraform_data" "leaf" {\n  input = "leaf"\n}\n');
  writeFileSync(join(folder, 'other.tfstate'), otherState('one'));
  const env = { ...process.env, CHECKPOINT_DISABLE: '1' };
  for (const args of [['init'], ['apply', '-auto-approve']]) {
    execFileSync('terraform', [`-chdir=${folder}`, ...args, '-no-color', '-input=false'], { env, stdio: 'pipe' });
  }
  return folder;
}

const state = (folder: string): string => readFileSync(join(folder, 'terraform.tfstate'), 'utf8');

/** Plans are written to a temporary folder of the test, so that leftovers are found there. */
function plansFolder(): string {
  const folder = scratchFolder();
  vi.stubEnv('TMPDIR', folder);
  return folder;
}

afterEach(() => vi.unstubAllEnvs());

describe.skipIf(withoutTerraform())('the real terraform', () => {
  test('of an unchanged directory returns its state, and leaves no plan behind', async () => {
    const folder = applied();
    const resources = await imported(state(folder));
    const plans = plansFolder();
    const { found } = await look(terraformDirectory(folder), resources);
    expect(stringifyJson(found)).toBe(stringifyJson(properties(resources)));
    expect(Object.keys(found)).toHaveLength(8);
    expect(readdirSync(plans)).toEqual([]);
  });

  test('returns changes since the last apply, and a moved resource at its previous address', async () => {
    const folder = applied();
    const resources = await imported(state(folder));
    writeFileSync(join(folder, 'other.tfstate'), otherState('two'));
    const moved = `${CONFIGURATION.replace('"plain"', '"new"')}\nmoved {\n  from = terraform_data.plain\n  to   = terraform_data.new\n}\n`;
    writeFileSync(join(folder, 'main.tf'), moved);
    const { found } = await look(terraformDirectory(folder), resources);
    const data = 'data.terraform_remote_state.other';
    expect(found).toEqual({
      ...properties(resources),
      [data]: {
        ...(properties(resources)[data] as JsonObject),
        outputs: { value: { o: 'two' }, type: ['object', { o: 'string' }] },
      },
    });
    expect(found).toHaveProperty(['terraform_data.plain', 'id']);
  });

  test('that fails is reported with its output', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'main.tf'), 'resource "terraform_data" "a" {\n  nonsense = 1\n}\n');
    const notes: string[] = [];
    const source = terraformDirectory(folder);
    const run = async () => {
      for await (const _ of source.observe((async function* () {})(), { note: (line) => notes.push(line) }));
    };
    const plans = plansFolder();
    await expect(run()).rejects.toThrow(
      expect.objectContaining({
        code: 'TERRAFORM_FAILED',
        message: expect.stringMatching(/plan exited with 1\n.*nonsense/s),
        exitCode: 1,
      }),
    );
    expect(notes.join('\n')).toContain('nonsense');
    expect(readdirSync(plans)).toEqual([]);
  });
});

describe('a broken terraform', () => {
  /** Puts a script first on the path. */
  function instead(script: string): string {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'terraform'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'terraform'), 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    return folder;
  }

  test('missing', async () => {
    vi.stubEnv('PATH', scratchFolder());
    await expect(look(terraformDirectory('.'), [])).rejects.toThrow(
      expect.objectContaining({ code: 'TERRAFORM_MISSING', exitCode: 3, hint: expect.stringContaining('Install') }),
    );
  });

  test('gets its arguments unchanged, and its plan is readable only by us', async () => {
    const out = instead(
      'for a in "$@"; do echo "$a" >&2; case "$a" in -out=*) stat -c %a "$(dirname "${a#-out=}")" >&2;; esac; done; echo "{}"',
    );
    const source = terraformDirectory("it's $(here)");
    const notes: string[] = [];
    const run = async () => {
      for await (const _ of source.observe((async function* () {})(), { note: (line) => notes.push(line) }));
    };
    await expect(run()).rejects.toThrow(expect.objectContaining({ code: 'TERRAFORM_PLAN_INVALID' }));
    const file = notes[5]?.slice('-out='.length) ?? '';
    expect(out).not.toBe('');
    expect(notes).toEqual([
      "-chdir=it's $(here)",
      'plan',
      '-refresh-only',
      '-input=false',
      '-no-color',
      `-out=${file}`,
      '700',
      "-chdir=it's $(here)",
      'show',
      '-json',
      '-no-color',
      file,
    ]);
  });

  test('that hangs is ended after the time limit, with its child processes', async () => {
    instead('sleep 300');
    const plans = plansFolder();
    await expect(look(terraformDirectory('.', { timeoutMs: 300 }), [])).rejects.toThrow(
      expect.objectContaining({ code: 'TERRAFORM_FAILED', message: expect.stringContaining('not done within 0.3 s') }),
    );
    expect(readdirSync(plans)).toEqual([]);
  });

  test('that hangs is ended when the check is aborted', async () => {
    instead('sleep 300');
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 200);
    await expect(look(terraformDirectory('.'), [], { signal: stop.signal })).rejects.toThrow('enough');
  });
});
