import type { CallOptions } from '../../api/options.js';
import type { Caller, Command } from '../../commands/index.js';
import { planJson } from '../../json/diff.js';
import type { Json } from '../../lib/json.js';
import { packJson } from '../../lib/packed-json.js';
import { bytesOf } from '../bodies/index.js';
import { BYTES_AT_ONCE } from '../reads/index.js';
import type { Call } from './route.js';

/**
 * What a command would change. It can cost as much as the command, which may touch a whole stack, so it is a read like others:
 * large ones run in another process, and other requests do not wait for them.
 */
export async function dryRun(
  { backend, reads, request, reply }: Call,
  command: Command,
  { caller, ...call }: CallOptions & { readonly caller: Caller },
) {
  if (await isSmall()) return planJson(await backend.execute(command, { ...call, caller, dryRun: true }));
  const { mayReach: _, ...rest } = caller;
  const { stacks } = request.principal;
  const job = {
    what: 'plan',
    command: packJson(command as unknown as Json),
    call: { ...call, caller: rest },
    stacks,
  } as const;
  return reads.send(job, { isShort: false }, request, reply);

  async function isSmall(): Promise<boolean> {
    if (bytesOf(request).length > BYTES_AT_ONCE) return false;
    const stack = await backend.findStack('stack' in command ? command.stack : command.name, { deleted: true });
    return reads.isSmall(command.type === 'rollback' ? 'history' : 'state', stack, false);
  }
}
