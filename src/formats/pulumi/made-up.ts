import { ownId, saidIdentity } from '../../events/index.js';
import { sha256 } from '../../lib/digest.js';
import type { JsonObject } from '../../lib/json.js';
import type { StateView } from '../../queries/state.js';
import type { ResourceRecord } from '../../store/records.js';
import type { PulumiResource } from './format.js';
import { STACK_TYPE, urnText } from './urns.js';

/** Readable by any release of Pulumi 3. */
const VERSION = 'v3.0.0';

/** Pulumi checks its `magic`: the digest of the version (`NewMagic`, sdk/go/common/apitype). */
export const madeManifest = ({ stack, resources }: StateView): JsonObject => ({
  time: [stack.createdAt, ...resources.map(({ updatedAt }) => updatedAt)].sort().at(-1) as string,
  magic: sha256(VERSION),
  version: VERSION,
});

const escaped = (text: string): string =>
  text.replace(/[$%:]/g, (char) => `%${(char.codePointAt(0) as number).toString(16).toUpperCase()}`);

/** `STACK::PROJECT`. Pulumi's project is unknown here: the name is conspicuous, so that it is replaced. */
export const madeLineage = ({ stack }: StateView): string => `${escaped(stack.name)}::sloth-runner`;

const OURS = 'sloth-runner:index:';
const TOKEN = /^[^:$%]+:[^:$%]*:[^:$%]+$/;
/** Pulumi's types are tokens, `package:module:Type`. */
const isToken = (type: string): boolean => TOKEN.test(type) && !type.startsWith(OURS);
const token = (type: string): string => (isToken(type) ? type : OURS + escaped(type));

const moduleTokens = (module: string): string => {
  const types = module.split('$');
  return module === '' ? '' : types.every(isToken) ? module : token(module);
};

export const madeUrn = ({ module, type, name }: ResourceRecord, lineage: string): string =>
  urnText({ lineage, module: moduleTokens(module), type: token(type), name });

export function madeRoot(lineage: string): PulumiResource {
  const [stack, project] = lineage.split('::');
  const urn = urnText({ lineage, module: '', type: STACK_TYPE, name: `${project}-${stack}` });
  return { urn, custom: false, type: STACK_TYPE };
}

/**
 * A custom resource if its type has Pulumi's form and its provider id is known; else a component, which Pulumi does not
 * manage.
 */
export function madeFields({ type, value }: ResourceRecord, urn: string, parent: string | undefined): PulumiResource {
  const id = saidIdentity(value.metadata) ?? ownId(value.properties);
  const custom = isToken(type) && id !== null;
  return {
    urn,
    custom,
    ...(custom ? { id } : {}),
    type: token(type),
    inputs: {},
    ...(parent === undefined ? {} : { parent }),
  };
}
