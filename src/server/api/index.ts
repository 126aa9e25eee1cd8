// PLACEHOLDER until the real one is written: replace this file.
import type { FastifyInstance } from 'fastify';
import type { StateBackend } from '../../backend/state-backend.js';
export async function api(_app: FastifyInstance, _options: { backend: StateBackend }): Promise<void> {}
