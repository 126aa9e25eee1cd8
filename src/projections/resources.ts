import { type RecordedEvent, resourceAddress } from '../events/index.js';
import { patch, put, type RowChange } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

const history = (event: RecordedEvent, resource: number, present: 0 | 1): RowChange =>
  put('resource_history', { resource, version: event.version, position: event.position, present });

/** `module.a[0].type.name["x"]` without its instance keys, or null where it has none. */
export function baseAddress(address: string): string | null {
  const base = address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, '').replace(/ \(deposed [^)]*\)$/, '');
  return base === address ? null : base;
}

/** Comes back to life under the number the address had before, if any: its history is one. */
function create(event: RecordedEvent<'ResourceCreated'>): RowChange[] {
  const { module, type, name, id = null, resource = event.position } = event.data;
  const address = resourceAddress(event.data);
  return [
    put('resource_rows', {
      resource,
      stream: event.stream,
      address,
      base: baseAddress(address),
      module,
      type,
      name,
      id,
      position: event.position,
    }),
    history(event, resource, 1),
  ];
}

export const resources: Projector = {
  name: 'resources',
  version: 1,
  tables: ['resource_rows', 'resource_history'],
  project: byHandler({
    ResourceCreated: create,
    ResourceUpdated: (event) => [
      patch(
        'resource_rows',
        { resource: event.data.resource },
        { id: event.data.id ?? null, position: event.position },
      ),
      history(event, event.data.resource, 1),
    ],
    ResourceRemoved: (event) => [
      patch('resource_rows', { resource: event.data.resource }, { id: null, position: null }),
      history(event, event.data.resource, 0),
    ],
  }),
};
