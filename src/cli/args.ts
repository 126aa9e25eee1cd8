import { Args } from '@oclif/core';

export const stackArg = Args.string({ description: 'name or id of the stack', required: true });
export const resourceArg = Args.string({
  description: 'address ([module.]type.name) or id of the resource',
  required: true,
});
