import * as z from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../lib/json.js';

/** JSON of any shape. It was checked when the command came in; here only its place in an event matters. */
export const json = z.custom<Json>((value) => value !== undefined);
export const jsonObject = z.custom<JsonObject>(isJsonObject);

/** A place in the log; where it names something, the place of the event that first named it. */
export const position = z.int().positive();
export const instant = z.iso.datetime({ precision: 3 });
