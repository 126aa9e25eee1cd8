import { put, remove } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

export const outputs: Projector = {
  name: 'outputs',
  version: 1,
  tables: ['output_rows', 'output_history'],
  project: byHandler({
    OutputSet: ({ stream, version, position, data: { name } }) => [
      put('output_rows', { stream, name, position }),
      put('output_history', { stream, name, version, position, present: 1 }),
    ],
    OutputRemoved: ({ stream, version, position, data: { name } }) => [
      remove('output_rows', { stream, name }),
      put('output_history', { stream, name, version, position, present: 0 }),
    ],
  }),
};
