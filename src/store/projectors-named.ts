import { NotFoundError } from '../lib/errors.js';
import type { ProjectorInfo } from './event-store.js';

/**
 * The projectors with these names, in their defined order; all without names.
 * @throws NotFoundError for an unknown name
 */
export function projectorsNamed(
  all: readonly ProjectorInfo[],
  names: readonly string[] | undefined,
): readonly ProjectorInfo[] {
  const unknown = names?.find((name) => !all.some((projector) => projector.name === name));
  if (unknown !== undefined) {
    throw new NotFoundError('PROJECTION_NOT_FOUND', `no projection "${unknown}"`, {
      hint: `There are: ${all.map(({ name }) => name).join(', ')}.`,
      details: { projection: unknown },
    });
  }
  return names ? all.filter(({ name }) => names.includes(name)) : all;
}
