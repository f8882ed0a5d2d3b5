import { actionRecords } from './actions.js';

const entities = `// Who acts. Names are the ids: Subagent::"etl", User::"dana", Group::"deployers". Ids proper are attributes.
entity Group;
entity User in [Group] { name: String, id: String };
entity Subagent in [Group] { name: String, id: String, owner?: String };

// What is acted on. Environment::"production", Connection::"billing"; below it, paths:
// Database::"billing/app", Schema::"billing/app/public", Table::"billing/app/public/payments",
// Column::"billing/app/public/payments/card_number", Function::"billing/app/public/refund".
entity Environment { name: String };
entity Connection in [Environment] { name: String, protocol: String };
entity Database in [Connection] { name: String };
entity Schema in [Database] { name: String };
entity Table in [Schema] { name: String, schema: String };
// What a column is tagged with. As a resource of its own: a value of that class that a detector found.
entity Class in [Database] { name: String };
entity Column in [Table, Class] { name: String, schema: String, table: String };
entity Function in [Schema] { name: String, schema: String };
entity Endpoint in [Connection] { name: String, method: String, path: String };
entity KubeResource in [Connection] { name: String, kind: String, namespace?: String };
entity Tool in [Connection] { name: String };
entity Command in [Connection] { name: String };

type Request = {
  // When the command is decided, to the minute.
  now: datetime,
  // The database that the session is connected to.
  database: String,
};
`;

const action = ({ name, group, resources }: (typeof actionRecords)[number]): string => {
  const member = group === undefined ? '' : ` in [Action::"${group}"]`;
  const applies =
    resources.length === 0
      ? ''
      : ` appliesTo { principal: [User, Subagent], resource: [${resources.join(', ')}], context: Request }`;
  return `action "${name}"${member}${applies};`;
};

/** The one schema that every policy is validated against, in Cedar's own schema syntax. */
export const cedarSchema = `${entities}\n${actionRecords.map(action).join('\n')}\n`;
