import { NotFoundError } from '../lib/errors.js';
import type { StackHead } from './records.js';

export const stackNotFound = (ref: string): NotFoundError =>
  new NotFoundError('STACK_NOT_FOUND', `no stack with the name or id "${ref}"`, {
    hint: 'List the stacks with: sloth-runner stack state list',
    details: { stack: ref },
  });

export const stackDeleted = (ref: string, { name, deletedAt }: StackHead): NotFoundError =>
  new NotFoundError('STACK_DELETED', `stack "${ref}" was deleted at ${deletedAt}`, {
    hint: `Bring it back with: sloth-runner stack restore ${name}`,
    details: { stack: ref, deletedAt },
  });
