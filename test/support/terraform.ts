import { onTestFinished } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { equalJson, type Json, type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';

export const fixture = (name: string): URL => new URL(`../fixtures/terraform/${name}`, import.meta.url);

/** A state file with these fields added to or replacing the usual ones. */
export const stateFile = (fields: JsonObject = {}): JsonObject => ({
  version: 4,
  terraform_version: '1.11.4',
  serial: 1,
  lineage: 'line',
  outputs: {},
  resources: [],
  check_results: null,
  ...fields,
});

/** A block of `terraform_data` with these instances. */
export const block = (name: string, instances: readonly Json[], fields: JsonObject = {}): JsonObject => ({
  mode: 'managed',
  type: 'terraform_data',
  name,
  provider: 'provider["terraform.io/builtin/terraform"]',
  instances,
  ...fields,
});

export const instance = (fields: JsonObject = {}): JsonObject => ({
  schema_version: 0,
  attributes: { id: 'an-id' },
  sensitive_attributes: [],
  ...fields,
});

/** A stack `s` in memory, with its import from and export to Terraform. */
export async function terraformStack() {
  const backend = await StateBackend.open(':memory:');
  onTestFinished(() => backend.close());
  return {
    backend,
    take: async (document: Json | string, options: { readonly force?: boolean } = {}) => {
      const text = typeof document === 'string' ? document : stringifyJson(document, 2);
      const command = await backend.importCommand('s', new TextEncoder().encode(text), {
        from: 'terraform',
        // States of Terraform contain all dependencies; those of these tests need not.
        allowMissing: true,
        ...options,
      });
      return backend.execute(command);
    },
    give: (version?: number) => backend.exportState('s', 'terraform', version === undefined ? undefined : { version }),
    addresses: async () => (await backend.getState('s')).resources.map(({ address }) => address),
  };
}

/** Imports the document, exports it, and returns whether both are equal, value for value, also as text. */
export async function comesBack(document: Json | string): Promise<boolean> {
  const { take, give } = await terraformStack();
  const before = typeof document === 'string' ? parseJson(document) : document;
  await take(document);
  return equalJson(parseJson(stringifyJson(await give())), before);
}

/**
 * Whether tests run without the real terraform. Only if the variable is set, and with a warning; otherwise they fail
 * without it.
 */
export function withoutTerraform(): boolean {
  const disabled = process.env.SLOTH_WITHOUT_TERRAFORM === '1';
  if (disabled) console.warn('\n*** NOT TESTED: the real terraform, as SLOTH_WITHOUT_TERRAFORM=1 says ***\n');
  return disabled;
}
