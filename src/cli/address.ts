import { InvalidInputError } from '../kernel/errors.js';

/** Terraform's way to name modules and data sources; otherwise the first dot ends the type. */
const ADDRESS = /^((?:module\.[^.[]+(?:\[[^\]]*\])?\.)*)((?:data\.)?[^.]+)\.(.+)$/;

/**
 * Reads `type.name`, `data.type.name` or `module.a.module.b.type.name`. A name may hold dots, a type may not.
 * @param module for modules that are not written in Terraform's way
 */
export function parseAddress(address: string, module?: string): { module: string; type: string; name: string } {
  const [, inAddress, type, name] = ADDRESS.exec(address) ?? [];
  if (inAddress === undefined || type === undefined || name === undefined) {
    throw new InvalidInputError('INVALID_ADDRESS', `resource: "${address}" is no address`, {
      hint: 'Write it as type.name or module.a.type.name, for example aws_instance.web.',
      details: { field: 'resource', value: address },
    });
  }
  if (inAddress !== '' && module !== undefined) {
    throw new InvalidInputError('INVALID_ADDRESS', `--module: "${address}" names its module already`, {
      hint: 'Leave --module out.',
      details: { field: '--module', value: module },
    });
  }
  return { module: module ?? inAddress.replace(/\.$/, ''), type, name };
}
