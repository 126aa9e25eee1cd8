import * as z from 'zod';
import { InvalidInputError } from '../../lib/errors.js';
import { decodeUtf8, isJsonObject, type JsonObject, parseJson } from '../../lib/json.js';
import { checkShape } from '../../lib/parse-input.js';
import { lockTaken } from '../../queries/lock-taker.js';
import type { Program } from '../../store/program.js';
import type { LockRecord } from '../../store/records.js';
import type { Snapshot } from '../../store/snapshot.js';

/**
 * Terraform's description of a lock (internal/states/statemgr/locker.go): `ID, Operation, Info, Who, Version, Created,
 * Path`. These fields are read; the others are kept unchanged.
 */
const schema = z.looseObject({
  ID: z.string().min(1, 'must not be empty'),
  Operation: z.string().default(''),
  Info: z.string().default(''),
  Who: z.string().default(''),
});
export type LockInfo = z.infer<typeof schema>;

const LIMITS = { maxBytes: 64 * 1024, maxDepth: 32 };

/**
 * The lock that a body describes; undefined for an empty body, which `terraform force-unlock` sends.
 * @throws InvalidInputError
 */
export function readLockInfo(body: Uint8Array): { readonly info: LockInfo; readonly document: JsonObject } | undefined {
  if (body.length === 0) return undefined;
  const document = parseJson(decodeUtf8(body, 'lock'), 'lock', LIMITS);
  const { data, error } = checkShape(schema, document);
  const [issue] = error?.issues ?? [];
  if (data && isJsonObject(document)) return { info: data, document };
  throw new InvalidInputError('INVALID_LOCK', `lock: ${issue?.path.join('.') || 'document'}: ${issue?.message}`, {
    hint: 'Send what Terraform sends: {"ID": …, "Operation": …, "Info": …, "Who": …, "Version": …, "Created": …, "Path": …}.',
    details: { field: issue?.path.join('.') || 'lock' },
  });
}

/** A lock in Terraform's form: its own description, or one made from a lock that was taken in another way. */
export function* lockInfoOf(s: Snapshot, lock: LockRecord, path: string): Program<JsonObject> {
  return (
    (yield* lockTaken(s, lock))?.data.document ?? {
      ID: lock.lockId,
      Operation: lock.operation,
      Info: lock.info,
      Who: lock.who,
      Version: '',
      Created: lock.createdAt,
      Path: path,
    }
  );
}
