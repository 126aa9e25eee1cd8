import type { LogHead } from '../index.js';

export const headJson = ({ position, hash, recordedAt }: LogHead) => ({ position, hash, recorded_at: recordedAt });
