import * as z from 'zod';
import { InvalidInputError } from '../../lib/errors.js';
import { decodeUtf8, FILE_LIMITS, isJsonObject, type JsonObject, parseJson } from '../../lib/json.js';
import { checkShape } from '../../lib/parse-input.js';
import type { ActualStateSource } from '../source.js';
import { inFormOf } from './form.js';

/**
 * The fields that are read from the JSON form of a plan (https://developer.hashicorp.com/terraform/internals/json-format,
 * versions 0 and 1). `prior_state` is the refreshed state, `resource_drift` the changes that the refresh found.
 */
const attributes = z.custom<JsonObject>(isJsonObject, 'must be an object');

const moduleSchema = z.looseObject({
  get resources() {
    return z
      .array(z.looseObject({ address: z.string(), deposed_key: z.string().optional(), values: attributes.optional() }))
      .optional();
  },
  get child_modules() {
    return z.array(moduleSchema).optional();
  },
});
type Module = z.infer<typeof moduleSchema>;

const driftSchema = z.lazy(() =>
  z.looseObject({
    address: z.string(),
    previous_address: z.string().optional(),
    deposed: z.string().optional(),
    change: z.looseObject({ actions: z.array(z.string()), after: attributes.nullish() }),
  }),
);

const planSchema = z.lazy(() =>
  z.looseObject({
    format_version: z.string().regex(/^[01]\./, 'must be 0.x or 1.x'),
    resource_drift: z.array(driftSchema).optional(),
    prior_state: z
      .looseObject({ values: z.looseObject({ root_module: moduleSchema.optional() }).optional() })
      .optional(),
    planned_values: z.looseObject({}).optional(),
    errored: z.boolean().optional(),
  }),
);
type Plan = z.infer<typeof planSchema>;

/**
 * The actual state in a Terraform plan, the output of `terraform show -json PLAN`. Resources that are not in it, and deposed
 * objects, are not compared. It is parsed here, and kept in memory. A plan made with `-refresh=false` has refreshed nothing,
 * and cannot be recognised.
 * @param what names the file in errors
 * @throws InvalidInputError `TERRAFORM_PLAN_INVALID`
 */
export const terraformPlan = (bytes: Uint8Array, what: string): ActualStateSource =>
  planSource('terraform-plan', decodeUtf8(bytes, what), what);

/** @param name the source's own name */
export function planSource(name: string, text: string, what: string): ActualStateSource {
  const actual = actualOf(readPlan(text, what));
  return {
    name,
    async *observe(pages, { signal, onUnknown } = {}) {
      const unknown = new Set(actual.keys());
      for await (const page of pages) {
        for (const { address, properties } of page) {
          signal?.throwIfAborted();
          unknown.delete(address);
          const found = actual.get(address);
          if (found !== undefined) yield { address, actual: found && inFormOf(properties, found) };
        }
      }
      onUnknown?.([...unknown]);
    },
  };
}

/** Returns the parsed value itself, not zod's copy, which would drop a key named `__proto__`. */
function readPlan(text: string, what: string): Plan {
  const refuse = (field: string, problem: string): never => {
    throw new InvalidInputError(
      'TERRAFORM_PLAN_INVALID',
      `${what} is no Terraform plan as JSON: ${field}: ${problem}`,
      {
        hint: 'Make one with: terraform plan -refresh-only -out=drift.plan && terraform show -json drift.plan',
        details: { field, file: what },
      },
    );
  };
  if (text.trim() === '') refuse('document', 'it is empty');
  const plan = parseJson(text, what, FILE_LIMITS);
  const issue = checkShape(planSchema, plan).error?.issues[0];
  if (issue) refuse(issue.path.map(String).join('.') || 'document', issue.message);
  const { prior_state, resource_drift, planned_values, errored } = plan as Plan;
  if (!prior_state && !resource_drift && !planned_values) refuse('prior_state', 'is missing, as is resource_drift');
  // A value that could not be refreshed is the old one, as if it were actual.
  if (errored) refuse('errored', 'the run that made it failed');
  return plan as Plan;
}

function actualOf({ prior_state, resource_drift = [] }: Plan): ReadonlyMap<string, JsonObject | null> {
  const actual = new Map<string, JsonObject | null>();
  addModule(prior_state?.values?.root_module ?? {}, actual);
  const drift = resource_drift.filter(({ deposed, change }) => deposed === undefined && saysWhatIs(change));
  for (const { address, change } of drift) actual.set(address, change.after ?? null);
  // By a `moved` block. The stack has it under its previous address, which may be another's in the plan.
  for (const { previous_address: previous, change } of drift) {
    if (previous !== undefined) actual.set(previous, change.after ?? null);
  }
  return actual;
}

const saysWhatIs = ({ actions, after }: z.infer<typeof driftSchema>['change']): boolean =>
  (after ?? null) !== null || actions.includes('delete');

function addModule({ resources = [], child_modules = [] }: Module, actual: Map<string, JsonObject | null>): void {
  for (const { address, deposed_key, values } of resources) {
    if (deposed_key === undefined && values) actual.set(address, values);
  }
  for (const child of child_modules) addModule(child, actual);
}
