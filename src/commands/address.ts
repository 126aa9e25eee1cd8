import { InvalidInputError } from '../lib/errors.js';

/** Terraform's syntax for modules and data sources; in any other address the first dot ends the type. */
const MODULE = /module\.[^.[]+(?:\[[^\]]*\])?\./y;
const TYPE_AND_NAME = /^((?:data\.)?[^.]+)\.(.+)$/;

/** All leading modules, except the last one if no type and name would be left: `module.a.b` has the type `module`. */
function split(address: string): readonly [module: string, type: string, name: string] | undefined {
  const ends = [0];
  MODULE.lastIndex = 0;
  while (MODULE.test(address)) ends.push(MODULE.lastIndex);
  for (const end of ends.slice(-2).reverse()) {
    const [, type, name] = TYPE_AND_NAME.exec(address.slice(end)) ?? [];
    if (type !== undefined && name !== undefined) return [address.slice(0, end), type, name];
  }
  return undefined;
}

/**
 * Reads `type.name`, `data.type.name` or `module.a.module.b.type.name`. A name may contain dots, a type may not.
 * @param module for modules that are not written in Terraform's syntax
 */
export function parseAddress(address: string, module?: string): { module: string; type: string; name: string } {
  const [inAddress, type, name] = split(address) ?? [];
  if (inAddress === undefined || type === undefined || name === undefined) {
    throw new InvalidInputError('INVALID_ADDRESS', `resource: "${address}" is not an address`, {
      hint: 'Write it as type.name or module.a.type.name, for example aws_instance.web.',
      details: { field: 'resource', value: address },
    });
  }
  if (inAddress !== '' && module !== undefined) {
    throw new InvalidInputError('INVALID_ADDRESS', `module: "${address}" names its module already`, {
      hint: 'Leave the module out.',
      details: { field: 'module', value: module },
    });
  }
  return { module: module ?? inAddress.replace(/\.$/, ''), type, name };
}
