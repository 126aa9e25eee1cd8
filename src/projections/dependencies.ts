import { put, remove } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

export const dependencies: Projector = {
  name: 'dependencies',
  version: 2,
  tables: ['dependency_rows', 'dependency_history'],
  project: byHandler({
    DependencyAdded: ({ stream, version, position, data: { address, target, dependencyType } }) => [
      put('dependency_rows', { stream, address, target, type: dependencyType, position }),
      put('dependency_history', { stream, address, target, version, position, present: 1 }),
    ],
    DependencyRemoved: ({ stream, version, position, data: { address, target } }) => [
      remove('dependency_rows', { stream, address, target }),
      put('dependency_history', { stream, address, target, version, position, present: 0 }),
    ],
  }),
};
