import {
  baseAddress,
  ownId,
  type RecordedEvent,
  type ResourceValue,
  resourceAddress,
  saidIdentity,
} from '../events/index.js';
import { patch, put, type RowChange } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

const history = (event: RecordedEvent, resource: number, present: 0 | 1): RowChange =>
  put('resource_history', { resource, version: event.version, position: event.position, present });

/** The values by which other resources may identify it. */
const names = ({ properties, metadata }: Pick<ResourceValue, 'properties' | 'metadata'>) => ({
  own_id: ownId(properties),
  identity: saidIdentity(metadata),
});

/** A recreated resource gets the previous number of its address, if any: its history continues. */
function create(event: RecordedEvent<'ResourceCreated'>): RowChange[] {
  const { module, type, name, id = null, resource = event.position } = event.data;
  const address = resourceAddress(event.data);
  return [
    history(event, resource, 1),
    put('resource_rows', {
      resource,
      stream: event.stream,
      address,
      base: baseAddress(address),
      module,
      type,
      name,
      id,
      ...names(event.data),
      position: event.position,
    }),
  ];
}

export const resources: Projector = {
  name: 'resources',
  version: 3,
  tables: ['resource_rows', 'resource_history'],
  project: byHandler({
    ResourceCreated: create,
    ResourceUpdated: (event) => [
      history(event, event.data.resource, 1),
      patch(
        'resource_rows',
        { resource: event.data.resource },
        { id: event.data.id ?? null, ...names(event.data), position: event.position },
      ),
    ],
    ResourceRemoved: (event) => [
      history(event, event.data.resource, 0),
      patch(
        'resource_rows',
        { resource: event.data.resource },
        { id: null, own_id: null, identity: null, position: null },
      ),
    ],
  }),
};
