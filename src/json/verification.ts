import type { Verification } from '../index.js';
import { headJson } from './head.js';

export const verificationJson = ({ holds, head, checks, outdated, problems }: Verification) => ({
  holds,
  head: headJson(head),
  outdated,
  checks,
  problems,
});
