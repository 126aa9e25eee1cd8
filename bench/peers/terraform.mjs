// terraform with its local backend on as many `terraform_data` resources: one is taken out of the state and, so that the next
// time is alike, the state of before put back. Changing one by `apply` takes ten times as long.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ENV = { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };

const run = (cwd, ...args) => spawnSync('terraform', args, { cwd, env: ENV, encoding: 'utf8' });

export const hasTerraform = () => run('.', 'version').status === 0;

/** @returns undefined where terraform is not installed */
export function terraform(folder, size) {
  if (!hasTerraform()) return undefined;
  const home = join(folder, `terraform-${size}`);
  mkdirSync(home);
  writeFileSync(join(home, 'main.tf'), `resource "terraform_data" "web" {\n  count = ${size}\n}\n`);
  const text = 'x'.repeat(500);
  const instances = Array.from({ length: size }, (_, index) => ({
    index_key: index,
    schema_version: 0,
    attributes: { id: `id-${index}`, input: null, output: null, triggers_replace: { value: text, type: 'string' } },
    sensitive_attributes: [],
  }));
  const state = {
    version: 4,
    terraform_version: '1.9.0',
    serial: 1,
    lineage: '9c7f1b9e-0000-4000-8000-000000000000',
    outputs: {},
    resources: [
      {
        mode: 'managed',
        type: 'terraform_data',
        name: 'web',
        provider: 'provider["terraform.io/builtin/terraform"]',
        instances,
      },
    ],
    check_results: null,
  };
  writeFileSync(join(home, 'full.tfstate'), JSON.stringify(state, null, 2));
  const init = run(home, 'init', '-input=false');
  if (init.status !== 0) throw new Error(init.stderr);
  const reset = () => copyFileSync(join(home, 'full.tfstate'), join(home, 'terraform.tfstate'));
  const must = ({ status, stderr }) => {
    if (status !== 0) throw new Error(stderr);
  };
  reset();
  return {
    folder: home,
    remove: () => {
      reset();
      must(run(home, 'state', 'rm', `terraform_data.web[${Math.floor(size / 2)}]`));
    },
    list: () => must(run(home, 'state', 'list')),
    version: () => must(run(home, 'version')),
  };
}
