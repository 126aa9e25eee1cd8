import * as z from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../lib/json.js';

/** JSON of any shape. It was checked when the command arrived; here only its field in an event is declared. */
export const json = z.custom<Json>((value) => value !== undefined);
export const jsonObject = z.custom<JsonObject>(isJsonObject);

/** A position in the log; as an identifier, the position of the first event about the thing. */
export const position = z.int().positive();
export const timestamp = z.iso.datetime({ precision: 3 });
