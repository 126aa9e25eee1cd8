import { commits } from './commits.js';
import { dependencies } from './dependencies.js';
import { drift } from './drift.js';
import { executions } from './executions.js';
import { locks } from './locks.js';
import { outputs } from './outputs.js';
import type { Projector } from './projector.js';
import { resources } from './resources.js';
import { stacks } from './stacks.js';
import { tags } from './tags.js';

/** All projectors. Every table belongs to exactly one. */
export const PROJECTORS: readonly Projector[] = Object.freeze([
  stacks,
  resources,
  outputs,
  dependencies,
  commits,
  executions,
  drift,
  locks,
  tags,
]);
