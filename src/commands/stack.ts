import * as z from 'zod';
import type { NewEvent, StackDocument } from '../events/index.js';
import { ConflictError, InvalidInputError } from '../lib/errors.js';
import { newId } from '../lib/ids.js';
import { name } from '../lib/text.js';
import type { StackHead } from '../store/records.js';
import { defineCommand, refuseInvisible, stackRef } from './command.js';
import { identifier } from './identifiers.js';
import { checkNameFree, createdStack, documentFields, updatedStack } from './stack-document.js';

export const createStack = defineCommand({
  schema: z.strictObject({
    type: z.literal('createStack'),
    name: identifier('stackName', name()),
    id: identifier('stackId', name(128)).default(newId),
    ...documentFields,
  }),
  kind: 'create',
  target: 'absent',
  lock: 'free',
  facts: ({ id, name: wanted }) => ({ stack: id, name: wanted, id }),
  decide: ({ type: _, id, name: wanted, ...fields }, facts, context) => {
    refuseInvisible('name', wanted, context);
    checkNameFree(wanted, facts);
    if (facts.idTaken || facts.stack) {
      throw new ConflictError('ID_TAKEN', `the id "${id}" is taken by another stack`, {
        hint: 'Leave the id out to have a new one made.',
        details: { field: 'id', id },
      });
    }
    return [createdStack(id, wanted, fields)];
  },
});

export const updateStack = defineCommand({
  schema: z.strictObject({
    type: z.literal('updateStack'),
    stack: stackRef,
    name: identifier('stackName', name()).optional(),
    ...documentFields,
  }),
  kind: 'update',
  target: 'live',
  lock: 'held',
  facts: ({ stack, name: wanted }) => ({
    stack,
    document: true,
    ...(wanted === undefined ? {} : { name: wanted }),
  }),
  decide: ({ type: _, stack: __, ...change }, facts, context) => {
    if (Object.values(change).every((value) => value === undefined)) {
      throw new InvalidInputError('NOTHING_TO_UPDATE', 'no field to update was given', {
        hint: 'Give at least one of: name, description, version, status, workflowFile, configuration, metadata.',
        details: { field: 'update' },
      });
    }
    const { stateVersion, id, name: old } = facts.stack as StackHead;
    if (change.name !== undefined && change.name !== old) {
      refuseInvisible('name', change.name, context);
      checkNameFree(change.name, facts, id);
    }
    return updatedStack(facts.document as StackDocument, change, stateVersion + 1);
  },
});

/** The lock under which a caller deletes a stack is removed with it. */
export const deleteStack = defineCommand({
  schema: z.strictObject({ type: z.literal('deleteStack'), stack: stackRef }),
  kind: 'delete',
  target: 'live',
  lock: 'held',
  facts: ({ stack }) => ({ stack }),
  decide: (_, { stack, lock }, { lockId }) => {
    const released: NewEvent[] =
      lock && lock.lockId === lockId
        ? [{ type: 'LockReleased', data: { lockId: lock.lockId, token: lock.token } }]
        : [];
    return [{ type: 'StackDeleted', data: { name: (stack as StackHead).name } }, ...released];
  },
});

export const restoreStack = defineCommand({
  schema: z.strictObject({ type: z.literal('restoreStack'), stack: stackRef }),
  kind: 'restore',
  target: 'deleted',
  lock: 'held',
  facts: ({ stack }) => ({ stack, deleted: true, ownName: true }),
  decide: (_, facts) => {
    const { name: old, id } = facts.stack as StackHead;
    checkNameFree(old, facts, id);
    return [{ type: 'StackRestored', data: { name: old } }];
  },
});
