import type { NewEvent } from '../events/index.js';
import { type Json, JsonNumber, sortKeys, stringifyJson } from '../lib/json.js';
import { parseInput } from '../lib/parse-input.js';
import type { Question } from '../store/edge-query.js';
import type { AppendRequest, RequestIdentity } from '../store/event-store.js';
import type { Facts } from '../store/facts.js';
import { authorize } from './authorize.js';
import {
  type CommandModule,
  type Envelope,
  type EnvelopeInput,
  envelopeSchema,
  LOCAL,
  newCommandId,
} from './command.js';
import { guard } from './guard.js';
import { identifiersOf } from './identifiers.js';

/**
 * Checks a command and its envelope and makes them ready to be decided inside the appending transaction.
 * @throws InvalidInputError that names the first field that is wrong
 */
export function prepare(module: CommandModule, command: unknown, envelopeInput: EnvelopeInput): AppendRequest {
  const envelope = parseInput(envelopeSchema, envelopeInput, 'command');
  const payload = parseInput(module.schema, command, 'command');
  const kind = typeof module.kind === 'string' ? module.kind : module.kind(payload);
  const target = typeof module.target === 'string' ? module.target : module.target(payload);
  const { caller, lockId } = envelope;
  const isAboutLock = module.lock === 'own';
  const usesLock = caller !== undefined && (isAboutLock || lockId !== undefined);
  const keys = { ...module.facts(payload), ...(usesLock ? { lockTaker: true } : {}) };
  const { commandId, actor, source, correlationId, causationId, reason, imported } = envelope;
  return {
    commandId: commandId ?? newCommandId(),
    ...(commandId === undefined ? {} : { identity: identityOf(command, envelope) }),
    meta: {
      actor,
      source,
      command: kind,
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(causationId === undefined ? {} : { causationId }),
      ...(reason === undefined ? {} : { reason }),
      ...(isAboutLock ? { principal: principalOf(envelope) } : {}),
      ...(imported === undefined
        ? {}
        : { imported: { migration: imported.migration, by: imported.by, at: imported.at } }),
    },
    ...(imported === undefined ? {} : { happened: imported.happened }),
    keys,
    ...(caller && { authorize: (facts: Facts) => authorize(caller, identifiersOf(module.schema, command), facts) }),
    decide: (facts, now): readonly NewEvent[] | Question => {
      const context = { now, ...envelope };
      const before = guard(target, module.lock, keys.stack, facts, context);
      const decided = module.decide(payload, facts, context);
      if (!('answer' in decided)) return [...before, ...decided];
      return { links: decided.links, answer: (links) => [...before, ...decided.answer(links)] };
    },
  };
}

/**
 * By what the command is recognised when it comes again: what the caller wrote, in whatever order of keys, and the reason.
 * A lock and an expected version only permit, so they may be others.
 */
const identityOf = (command: unknown, envelope: Envelope): RequestIdentity => {
  const { content, reason } = envelope;
  return {
    principal: principalOf(envelope),
    content: () => stringifyJson(sortKeys(present({ command: content ?? command, reason }))),
  };
};

const principalOf = ({ caller }: Envelope): string => caller?.principal ?? LOCAL;

/** Without fields that are undefined, which a program may hand in. */
function present(value: unknown): Json {
  if (Array.isArray(value)) return value.map(present);
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return value as Json;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, present(field)]));
}
