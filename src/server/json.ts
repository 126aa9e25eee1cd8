import type { FastifyInstance } from 'fastify';
import { decodeUtf8, FILE_LIMITS, type Json, parseJson, stringifyJson } from '../lib/json.js';

/** Documents go out as our own JSON: no digit of a number is lost. */
export function useJson(app: FastifyInstance): void {
  app.setReplySerializer((payload) => stringifyJson(payload));
}

/** @throws InvalidInputError for what is no JSON, or holds what would be lost */
export const readJson = (body: Uint8Array): Json => parseJson(decodeUtf8(body, 'body'), 'body', FILE_LIMITS);
