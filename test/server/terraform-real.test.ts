import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { equalJson, type Json, type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { startServer } from '../../src/server/index.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { middleman } from '../support/middleman.js';
import { withoutTerraform } from '../support/terraform.js';
import { backend, type Workspace, workspace } from '../support/terraform-workspace.js';

const LONG = 240_000;

const MAIN = `
variable "size" {
  type    = number
  default = 1
}
variable "password" {
  default   = "s3cret-passw0rd"
  sensitive = true
}
module "net" {
  source = "./net"
  count  = 2
  zone   = count.index
}
resource "terraform_data" "one" {
  input = { size = var.size, html = "<a href='x'>&</a>", password = var.password }
}
resource "terraform_data" "many" {
  count = 3
  input = 9007199254740993 + count.index
}
resource "terraform_data" "each" {
  for_each         = toset(["a", "b \\"quoted\\"", "c/d"])
  input            = each.key
  triggers_replace = var.size
  depends_on       = [terraform_data.one]
}
resource "terraform_data" "twice" {
  triggers_replace = var.size
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "after" {
  triggers_replace = terraform_data.twice.id
  lifecycle { create_before_destroy = true }
  provisioner "local-exec" { command = "test ! -e fail" }
}
output "size" { value = terraform_data.one.output.size }
output "password" {
  value     = var.password
  sensitive = true
}
output "big" { value = 12345678901234567890 }
`;
const NET = `
variable "zone" {}
resource "terraform_data" "subnet" { input = "10.0.\${var.zone}.0/24" }
output "cidr" { value = terraform_data.subnet.output }
`;

/** A server on a database of its own, a proxy before it, and a workspace that keeps its state there. */
async function setUp({ drop = false, main = MAIN, more = 'retry_wait_min = 0' } = {}) {
  const db = join(scratchFolder(), 's.db');
  const engine = await StateBackend.open(db, { actor: 'cli' });
  const server = await startServer(engine, { listen: '127.0.0.1:0' });
  onTestFinished(async () => {
    await server.close();
    await engine.close();
  });
  const proxy = await middleman(server.url, { drop });
  const files = { 'backend.tf': backend(proxy.url, 'web', more), 'main.tf': main, 'net/main.tf': NET };
  const space = workspace(files);
  await space.ok('init');
  const isUnlocked = async () => (await engine.getLockInfo('web')) === undefined;
  return { engine, server, proxy, space, isUnlocked };
}

type Setting = Awaited<ReturnType<typeof setUp>>;

/** What comes back is what Terraform stored last. */
async function expectPulled({ space, proxy }: Setting): Promise<JsonObject> {
  const pulled = await space.pull();
  const last = parseJson(proxy.stored().at(-1)?.body ?? 'null');
  expect(equalJson(pulled as Json, last)).toBe(true);
  return pulled;
}

const APPLY = ['apply', '-auto-approve'] as const;

/** Everything people do with a state, one after the other. */
async function life(setting: Setting): Promise<void> {
  const { space, engine, isUnlocked } = setting;
  await space.ok(...APPLY);
  const first = await expectPulled(setting);
  expect(first).toMatchObject({ version: 4, outputs: { size: { value: 1 } } });
  expect((await engine.getState('web')).resources).toHaveLength(11);

  await space.ok(...APPLY, '-var', 'size=2');
  await expectPulled(setting);
  expect(await space.run('plan', '-detailed-exitcode', '-var', 'size=2')).toMatchObject({ code: 0 });

  expect((await space.ok('state', 'list')).trim().split('\n')).toHaveLength(11);
  expect(await space.ok('state', 'show', 'terraform_data.many[1]')).toContain('9007199254740994');
  await space.ok('state', 'mv', 'terraform_data.many[0]', 'terraform_data.moved');
  await expectPulled(setting);
  await space.ok('state', 'rm', 'terraform_data.moved');
  await expectPulled(setting);
  expect(JSON.parse(await space.ok('output', '-json'))).toMatchObject({
    password: { sensitive: true, value: 's3cret-passw0rd' },
  });

  await space.ok('taint', 'terraform_data.one');
  const tainted = await expectPulled(setting);
  expect(JSON.stringify(tainted)).toContain('"status":"tainted"');
  await space.ok(...APPLY, '-var', 'size=2');

  const pulled = await space.ok('state', 'pull');
  const pushed = { ...(parseJson(pulled) as JsonObject), serial: 100 };
  space.write('pushed.tfstate', stringifyJson(pushed));
  await space.ok('state', 'push', 'pushed.tfstate');
  expect(await expectPulled(setting)).toMatchObject({ serial: 101 }); // Terraform counts on

  space.write('main.tf', MAIN.replace('count = 3', 'for_each = toset(["5"])').replace('+ count.index', ''));
  space.write(
    'more.tf',
    'import {\n to = terraform_data.imported\n id = "taken-over"\n}\nresource "terraform_data" "imported" {}\nmoved {\n from = terraform_data.many[2]\n to = terraform_data.many["5"]\n}\n',
  );
  await space.ok(...APPLY, '-var', 'size=2');
  const moved = await expectPulled(setting);
  expect(JSON.stringify(moved)).toContain('"index_key":"5"');
  expect((await engine.getResource('web', 'terraform_data.imported')).resource.value.properties).toMatchObject({
    id: 'taken-over',
  });

  space.write('fail', '');
  expect((await space.run(...APPLY, '-var', 'size=3')).code).not.toBe(0);
  expect(JSON.stringify(await expectPulled(setting))).toContain('"deposed"');
  rmSync(join(space.folder, 'fail'));
  await space.ok(...APPLY, '-var', 'size=3');
  await expectPulled(setting);

  await space.ok('destroy', '-auto-approve');
  expect(await expectPulled(setting)).toMatchObject({ resources: [] });
  expect(await isUnlocked()).toBe(true);
  expect((await engine.getAdmin().verify()).holds).toBe(true);
}

describe.skipIf(withoutTerraform())('the real Terraform keeps its state in the server', () => {
  test('everything people do with a state', async () => life(await setUp()), LONG);

  test(
    'every answer lost once: everything succeeds all the same, and nothing stays locked',
    async () => {
      const setting = await setUp({ drop: true });
      await life(setting);
      expect(setting.proxy.lost()).toBe(setting.proxy.passed.length / 2);
    },
    LONG,
  );

  test(
    'a change of one resource is recorded as that',
    async () => {
      const { space, engine } = await setUp();
      await space.ok(...APPLY);
      const { position } = await engine.head();
      await space.ok(...APPLY, '-var', 'password=other');
      const types = [];
      for await (const { event } of engine.getLog()) if (event.position > position) types.push(event.type);
      expect(types.filter((type) => type.startsWith('Resource'))).toEqual(['ResourceUpdated']);
    },
    LONG,
  );

  test(
    'after a rollback Terraform reads the old state, and plans the way back',
    async () => {
      const { space, engine } = await setUp();
      await space.ok(...APPLY);
      const { version } = await engine.getState('web');
      await space.ok(...APPLY, '-var', 'size=2');
      const { serial, lineage } = await space.pull();
      await engine.rollbackToSnapshot('web', version);
      const back = await space.pull();
      expect(back).toMatchObject({ lineage, outputs: { size: { value: 1 } } });
      expect(back.serial).toBeGreaterThan(serial as number);
      expect((await space.run('plan', '-detailed-exitcode')).code).toBe(0);
      expect(await space.run('plan', '-detailed-exitcode', '-var', 'size=2')).toMatchObject({ code: 2 });
      await space.ok(...APPLY, '-var', 'size=2');
      expect(await space.pull()).toMatchObject({ outputs: { size: { value: 2 } } });
    },
    LONG,
  );
});

const SLOW = `
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "touch started; while test -e started && ! test -e go-on; do sleep 0.1; done" }
}
`;

describe.skipIf(withoutTerraform()).each([
  ['', false],
  [', every answer lost once', true],
])('two at once%s', (_, drop) => {
  /** An apply that holds the lock until it is let go on. */
  async function holding(setting: Setting) {
    const { space } = setting;
    const apply = space.begin(...APPLY);
    await until(() => existsSync(join(space.folder, 'started')));
    return { apply, goOn: () => space.write('go-on', '') };
  }
  const another = async ({ proxy }: Setting): Promise<Workspace> => {
    const space = workspace({
      'backend.tf': backend(proxy.url, 'web', 'retry_wait_min = 0'),
      'main.tf': SLOW,
      'go-on': '',
    });
    await space.ok('init');
    return space;
  };

  test(
    'the second is refused and told who holds the lock; with -lock-timeout it waits',
    async () => {
      const setting = await setUp({ main: SLOW, drop });
      const { apply, goOn } = await holding(setting);
      const second = await another(setting);
      const refused = await second.run(...APPLY);
      const { lock } = { lock: await setting.engine.getLockInfo('web') };
      expect(refused.code).toBe(1);
      expect(refused.text).toContain(lock?.lockId);
      expect(lock).toMatchObject({ operation: 'OperationTypeApply' });

      const waiting = second.begin(...APPLY, '-lock-timeout=60s').done;
      const tries = () => setting.proxy.passed.filter(({ status }) => status === 423).length;
      const before = tries();
      await until(() => tries() > before);
      goOn();
      expect(await apply.done).toMatchObject({ code: 0 });
      expect(await waiting).toMatchObject({ code: 0 });
      expect(await setting.isUnlocked()).toBe(true);
    },
    LONG,
  );

  test(
    'an apply killed in the middle leaves its lock, which force-unlock breaks',
    async () => {
      const setting = await setUp({ main: SLOW, drop });
      const { apply } = await holding(setting);
      apply.process.kill('SIGKILL');
      await apply.done;
      const lock = await setting.engine.getLockInfo('web');
      expect(lock).toBeDefined();
      const second = await another(setting);
      expect((await second.run(...APPLY)).code).toBe(1);
      await second.ok('force-unlock', '-force', lock?.lockId ?? '');
      await second.ok(...APPLY);
      const broken = (await setting.engine.getActivity('web')).events.find(({ type }) => type === 'LockBroken');
      expect(broken).toMatchObject({ data: { reason: 'force-unlock by anonymous from 127.0.0.1' } });
      expect(await setting.isUnlocked()).toBe(true);
    },
    LONG,
  );

  test(
    'a lock taken on the command line stops Terraform, and one of Terraform’s the command line',
    async () => {
      const setting = await setUp({ main: SLOW, drop });
      const { apply, goOn } = await holding(setting);
      const change = setting.engine.getStackManager().setResource('web', { type: 'item', name: 'x' });
      await expect(change).rejects.toMatchObject({ code: 'STACK_LOCKED' });
      goOn();
      await apply.done;
      await setting.engine.lockState('web', { operation: 'maintenance', id: 'mine' });
      const refused = await setting.space.run(...APPLY);
      expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('mine') });
    },
    LONG,
  );

  test(
    'the address of the lock alone, with the methods that GitLab uses',
    async () => {
      const setting = await setUp({ main: SLOW, drop });
      const address = `${setting.proxy.url}/tfstate/web`;
      setting.space.write('go-on', '');
      setting.space.write(
        'backend.tf',
        `terraform {\n backend "http" {\n address = "${address}"\n lock_address = "${address}/lock"\n unlock_address = "${address}/lock"\n lock_method = "POST"\n unlock_method = "DELETE"\n }\n}\n`,
      );
      await setting.space.ok('init', '-reconfigure');
      await setting.space.ok(...APPLY);
      const locks = setting.proxy.passed.filter(({ path }) => path.endsWith('/lock')).map(({ method }) => method);
      expect([...new Set(locks)]).toEqual(['POST', 'DELETE']);
      expect(await setting.isUnlocked()).toBe(true);
    },
    LONG,
  );
});
