import { NotFoundError } from '../../lib/errors.js';

export const noState = (stack: string): NotFoundError =>
  new NotFoundError('NO_STATE', `stack "${stack}" has no state yet`, {
    hint: 'Store one: terraform apply, or terraform state push.',
    details: { stack },
  });
