import type { NewEvent } from '../events/index.js';
import { type Json, JsonNumber, sortKeys, stringifyJson } from '../lib/json.js';
import { parseInput } from '../lib/parse-input.js';
import type { EdgeFacts, EdgeQuery } from '../store/edge-query.js';
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

/** A command that is ready to be decided, and its last decision. */
export interface Prepared extends AppendRequest {
  /** The last decision; undefined before the first one, and for a command that was carried out before. */
  decided():
    | { readonly facts: Facts; readonly edgeFacts: EdgeFacts | undefined; readonly events: readonly NewEvent[] }
    | undefined;
}

/**
 * Checks a command and its envelope, so that it can be decided inside the appending transaction.
 * @throws InvalidInputError with the first invalid field
 */
export function prepare(module: CommandModule, command: unknown, envelopeInput: EnvelopeInput): Prepared {
  const envelope = parseInput(envelopeSchema, envelopeInput, 'command');
  const payload = parseInput(module.schema, command, 'command');
  const kind = typeof module.kind === 'string' ? module.kind : module.kind(payload);
  const target = typeof module.target === 'string' ? module.target : module.target(payload);
  const { caller, lockId } = envelope;
  const isAboutLock = module.lock === 'own';
  const usesLock = caller !== undefined && (isAboutLock || lockId !== undefined);
  const keys = { ...module.facts(payload), ...(usesLock ? { lockTaker: true } : {}) };
  const { commandId, actor, source, correlationId, causationId, reason, imported } = envelope;
  let last: ReturnType<Prepared['decided']>;
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
    decide: (facts, now): readonly NewEvent[] | EdgeQuery => {
      const context = { now, ...envelope };
      const before = guard(target, module.lock, keys.stack, facts, context);
      const decided = module.decide(payload, facts, context);
      const keep = (own: readonly NewEvent[], edgeFacts?: EdgeFacts): readonly NewEvent[] => {
        const events = [...before, ...own];
        last = { facts, edgeFacts, events };
        return events;
      };
      if (!('decide' in decided)) return keep(decided);
      return { keys: decided.keys, decide: (edgeFacts) => keep(decided.decide(edgeFacts), edgeFacts) };
    },
    decided: () => last,
  };
}

/**
 * The content by which a repeated command is recognised: what the caller wrote, with sorted keys, and the reason. A lock and
 * an expected version only permit a command, so they may differ.
 */
const identityOf = (command: unknown, envelope: Envelope): RequestIdentity => {
  const { content, reason } = envelope;
  return {
    principal: principalOf(envelope),
    content: () => stringifyJson(sortKeys(present({ command: content ?? command, reason }))),
  };
};

const principalOf = ({ caller }: Envelope): string => caller?.principal ?? LOCAL;

/** Without fields that are undefined, which a program may pass. */
function present(value: unknown): Json {
  if (Array.isArray(value)) return value.map(present);
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return value as Json;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, present(field)]));
}
