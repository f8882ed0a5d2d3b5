import { stringify } from 'yaml';

/** The demo's wishes, as an admin would write them down for `sally apply -f`. */
export function applyManifests(options: {
  readonly issuer: string;
  readonly audience: string;
  readonly targetPort: number;
  readonly holdSeconds: number;
}): string {
  const group = (name: string, description: string): unknown => ({ kind: 'Group', name, spec: { description } });
  const subagent = (name: string, groups: readonly string[], owner: string): unknown => ({
    kind: 'Subagent',
    name,
    spec: { issuer: 'demo-idp', claims: { sub: name }, groups, owner },
  });
  const tag = (table: string, column: string, ...classes: readonly string[]): unknown => ({
    schema: 'public',
    table,
    column,
    classes,
  });
  const documents = [
    { kind: 'Class', name: 'card_number', spec: { mask: 'partial' } },
    { kind: 'Class', name: 'email', spec: { mask: 'email' } },
    { kind: 'Class', name: 'phone', spec: { mask: 'redact' } },
    { kind: 'Class', name: 'iban', spec: { mask: 'hash' } },
    group('etl', 'nightly jobs'),
    group('deployers', 'deploy scripts'),
    group('analysts', 'reporting bots'),
    group('dba', 'the on-call DBAs'),
    {
      kind: 'Issuer',
      name: 'demo-idp',
      spec: { issuer: options.issuer, audiences: [options.audience], jwksUri: `${options.issuer}/jwks` },
    },
    { kind: 'User', name: 'ada', spec: { role: 'admin', groups: ['dba'] } },
    { kind: 'User', name: 'grace', spec: { role: 'approver', groups: ['dba'] } },
    { kind: 'User', name: 'linus', spec: { role: 'member' } },
    subagent('etl', ['etl'], 'linus'),
    subagent('deployer', ['deployers'], 'linus'),
    subagent('analyst-bot', ['analysts'], 'linus'),
    subagent('brief', ['etl'], 'linus'),
    {
      kind: 'Connection',
      name: 'billing',
      spec: {
        protocol: 'postgres',
        environment: 'production',
        host: '127.0.0.1',
        port: options.targetPort,
        tls: 'disable',
        database: 'app',
        databases: ['app'],
        agents: ['billing-agent'],
        credential: 'billing',
        holdSeconds: options.holdSeconds,
        tags: [
          tag('customers', 'email', 'email'),
          tag('customers', 'phone', 'phone'),
          tag('customers', 'iban', 'iban'),
          tag('payments', 'card_number', 'card_number'),
          tag('payments', 'payer_email', 'email'),
        ],
      },
    },
    { kind: 'PolicySet', name: 'billing', spec: { text: policies, publish: true } },
  ];
  return documents.map((document) => stringify(document, { lineWidth: 0 })).join('---\n');
}

const policies = `// Nightly ETL may read billing; it sees no card number and no e-mail address.
@id("etl-reads")
permit (principal in Group::"etl", action in [Action::"connect", Action::"read"], resource in Connection::"billing");

// Reporting bots read too.
@id("analysts-read")
permit (principal in Group::"analysts", action in [Action::"connect", Action::"read"], resource in Connection::"billing");

// Deploy scripts read, and write with a human's word.
@id("deployers-read")
permit (principal in Group::"deployers", action in [Action::"connect", Action::"read"], resource in Connection::"billing");

@id("deployers-write")
@approval("1")
@reason("production writes need the on-call DBA")
permit (principal in Group::"deployers", action in Action::"write", resource in Environment::"production");

// That human is a DBA: nobody else's word counts, and never that of who answers for the script.
@id("dba-approve")
permit (principal in Group::"dba", action == Action::"approve", resource in Environment::"production");

// Nobody drops anything in production.
@id("no-drop")
@reason("DROP and TRUNCATE are not for production")
forbid (principal, action in [Action::"drop", Action::"truncate"], resource in Environment::"production");
`;
