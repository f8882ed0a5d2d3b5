import type { ColumnObject } from '@sallyport/sql';
import type { ConnectionChunk } from '../bundle/chunks.js';
import { entityValue } from '../compile/value.js';
import type { Entity, Value } from '../compile/value.js';
import type { ResourceType } from '../schema/actions.js';
import { pathId } from '../schema/uid.js';
import type { RequestObject } from './decision.js';

type PlaceChunk = Pick<ConnectionChunk, 'name' | 'protocol' | 'environment' | 'tags'>;

/** The resources of one connection as Cedar entities, with everything that they are in. */
export interface Places {
  /** The object's own entity first, then all of its ancestors. */
  entitiesOf(object: RequestObject, database: string): readonly [Entity, ...Entity[]];
  classesOf(column: ColumnObject): readonly string[];
  /** Every tagged column: what an unproved lineage may hold. */
  readonly tagged: readonly ColumnObject[];
}

const tagKey = ({ schema, table, column }: Omit<ColumnObject, 'kind'>): string => pathId(schema, table, column);

export const placesOf = (connection: PlaceChunk): Places => {
  const classes = new Map(connection.tags.map((tag) => [tagKey(tag), tag.classes]));
  const environment = entity('Environment', connection.environment, { name: connection.environment }, []);
  const root = entity('Connection', connection.name, { name: connection.name, protocol: connection.protocol }, [
    environment,
  ]);
  const top: readonly [Entity, ...Entity[]] = [root, environment];
  const classesOf = (column: ColumnObject): readonly string[] => classes.get(tagKey(column)) ?? [];

  const entitiesOf = (object: RequestObject, database: string): readonly [Entity, ...Entity[]] => {
    if (object.kind === 'connection') return top;
    const path = (...parts: readonly string[]): string => pathId(connection.name, database, ...parts);
    const inDatabase = under('Database', path(), { name: database }, top);
    if (object.kind === 'database') return inDatabase;
    if (object.kind === 'class') return under('Class', object.name, { name: object.name }, inDatabase);
    const { schema } = object;
    const inSchema = under('Schema', path(schema), { name: schema }, inDatabase);
    if (object.kind === 'schema') return inSchema;
    if (object.kind === 'function') {
      return under('Function', path(schema, object.name), { name: object.name, schema }, inSchema);
    }
    const { table } = object;
    const inTable = under('Table', path(schema, table), { name: table, schema }, inSchema);
    if (object.kind === 'table') return inTable;
    const tags = classesOf(object).map((name) => entity('Class', name, { name }, inDatabase));
    const attributes = { name: object.column, schema, table };
    return under('Column', path(schema, table, object.column), attributes, [...inTable, ...tags]);
  };

  const tagged = connection.tags
    .filter((tag) => tag.classes.length > 0)
    .map(({ schema, table, column }): ColumnObject => ({ kind: 'column', schema, table, column }));
  return { entitiesOf, classesOf, tagged };
};

const entity = (
  type: ResourceType | 'Environment',
  id: string,
  attributes: Readonly<Record<string, Value>>,
  ancestors: readonly Entity[],
): Entity => ({
  uid: entityValue(type, id),
  attributes: new Map(Object.entries(attributes)),
  ancestors: new Set(ancestors.map((each) => each.uid.key)),
});

const under = (
  type: ResourceType,
  id: string,
  attributes: Readonly<Record<string, Value>>,
  ancestors: readonly Entity[],
): readonly [Entity, ...Entity[]] => [entity(type, id, attributes, ancestors), ...ancestors];
