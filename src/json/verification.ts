import type { Verification } from '../index.js';
import { headJson } from './head.js';

export const verificationJson = ({ holds, head, checks, problems }: Verification) => ({
  holds,
  head: headJson(head),
  checks,
  problems,
});
