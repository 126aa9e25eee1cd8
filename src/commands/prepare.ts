import type { NewEvent } from '../events/index.js';
import { newId } from '../kernel/ids.js';
import { parseInput } from '../kernel/parse-input.js';
import type { AppendRequest } from '../store/event-store.js';
import type { Question } from '../store/links.js';
import { type CommandModule, type EnvelopeInput, envelopeSchema } from './command.js';
import { guard } from './guard.js';

/**
 * Checks a command and its envelope and makes them ready to be decided inside the appending transaction.
 * @throws InvalidInputError that names the first field that is wrong
 */
export function prepare(module: CommandModule, command: unknown, envelopeInput: EnvelopeInput): AppendRequest {
  const envelope = parseInput(envelopeSchema, envelopeInput, 'command');
  const payload = parseInput(module.schema, command, 'command');
  const kind = typeof module.kind === 'string' ? module.kind : module.kind(payload);
  const target = typeof module.target === 'string' ? module.target : module.target(payload);
  const keys = module.facts(payload);
  const { actor, source, correlationId, causationId, reason, imported } = envelope;
  return {
    commandId: envelope.commandId ?? newId(),
    resendable: envelope.commandId !== undefined,
    meta: {
      actor,
      source,
      command: kind,
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(causationId === undefined ? {} : { causationId }),
      ...(reason === undefined ? {} : { reason }),
      ...(imported === undefined
        ? {}
        : { imported: { migration: imported.migration, by: imported.by, at: imported.at } }),
    },
    ...(imported === undefined ? {} : { happened: imported.happened }),
    keys,
    decide: (facts, now): readonly NewEvent[] | Question => {
      const context = { now, ...envelope };
      const before = guard(target, module.lock, keys.stack, facts, context);
      const decided = module.decide(payload, facts, context);
      if (!('answer' in decided)) return [...before, ...decided];
      return { links: decided.links, answer: (links) => [...before, ...decided.answer(links)] };
    },
  };
}
