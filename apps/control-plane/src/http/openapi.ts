import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { refusesKey } from './answers.js';
import { accessOf } from './authorization.js';
import type { Access } from './authorization.js';
import { oauthErrorBody, oauthErrors } from '../oauth/oauth-problem.js';
import { problemBody, problemCodes } from './problem.js';
import type { ProblemCode } from './problem.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const methods = ['get', 'post', 'put', 'delete'] as const;
const mediaType = 'application/problem+json';

const description = `Every noun is addressed by id or name.

**Lists** are paged: \`?limit\` and \`?cursor\`; the answer holds \`items\` and \`next\`, the cursor of the page after it
(null: this was the last one).

**Errors** are \`application/problem+json\` (RFC 9457) with a stable \`code\`, which
\`sally explain CODE\` and docs/errors.md tell of; \`instance\` names the request in the log.

**Repeating**: POST takes an \`Idempotency-Key\`: the same request with the same key gets the first one's answer for 24
hours. PUT by name makes or changes, and is idempotent by itself.

**Callers** are people with an API token (\`POST /v1/tokens\`), and subagents with a token of their own identity provider.
Each operation says who may call it.`;

/** The reference at /docs, its document at /docs-json. */
export function serveDocs(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => describe(app), { customSiteTitle: 'Sallyport', jsonDocumentUrl: 'docs-json' });
}

/** What the controllers say, and what holds for every route by its form and its line in the authorization table. */
function describe(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Sallyport control plane')
    .setDescription(description)
    .setVersion('v1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API token, or a token of an issuer.' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
  });
  document.components = {
    ...document.components,
    schemas: {
      ...document.components?.schemas,
      Problem: schemaOf(problemBody),
      OAuthError: schemaOf(oauthErrorBody),
    },
  };
  for (const [path, item] of Object.entries(document.paths))
    for (const method of methods) {
      const operation = item[method];
      if (operation !== undefined) complete(operation, `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
    }
  return document;
}

const schemaOf = (schema: z.ZodType) => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'openapi-3.0' });
  return rest as NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];
};

function complete(operation: Operation, route: string): void {
  const access = accessOf(route);
  const isOAuth = route.includes(' /oauth/');
  const takesKey = route.startsWith('POST ') && access !== 'public' && !isOAuth;
  operation.security = access === 'public' ? [] : [{ bearer: [] }];
  operation.description = [operation.description, callers(access)].filter(Boolean).join('\n\n');
  if (takesKey) operation.parameters = [...(operation.parameters ?? []), idempotencyKey];
  if (isOAuth) {
    for (const status of oauthStatuses(access)) operation.responses[status] ??= oauthRefusal;
    Reflect.deleteProperty(operation, refusesKey);
    return;
  }
  const byStatus = Map.groupBy(problemsOf(operation, access, takesKey), (code) => String(problemCodes[code].status));
  for (const [status, codes] of byStatus) operation.responses[status] ??= problemResponse(codes);
  Reflect.deleteProperty(operation, refusesKey);
}

const oauthStatuses = (access: Access): readonly string[] => [
  ...new Set(Object.values(oauthErrors).map(String)),
  ...(access === 'public' ? [] : ['401', '403']),
];
const oauthRefusal = {
  description: 'In the form of RFC 6749.',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } },
};

const callers = (access: Access): string =>
  access === 'public' ? 'Open to everybody.' : `Open to: ${access.map((each) => `\`${each}\``).join(', ')}.`;

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Of your own making, e.g. a UUID: a repeated request with it gets the first answer. For people only.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
} as const;

function problemsOf(operation: Operation, access: Access, takesKey: boolean): readonly ProblemCode[] {
  const inPath = operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'path') ?? false;
  const own = (operation as { readonly [refusesKey]?: readonly ProblemCode[] })[refusesKey] ?? [];
  const codes: readonly ProblemCode[] = [
    ...(access === 'public' ? [] : (['invalid_request', 'unauthenticated', 'forbidden'] as const)),
    ...(inPath ? (['not_found'] as const) : []),
    ...(operation.requestBody === undefined
      ? []
      : (['invalid_request', 'payload_too_large', 'unsupported_media_type'] as const)),
    ...(takesKey ? (['in_progress', 'idempotency_key_reused'] as const) : []),
    ...own,
    'internal',
    'unavailable',
  ];
  return [...new Set(codes)];
}

function problemResponse(codes: readonly ProblemCode[]): Operation['responses'][string] {
  const schema = {
    allOf: [{ $ref: '#/components/schemas/Problem' }, { type: 'object', properties: { code: { enum: [...codes] } } }],
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${problemCodes[code].title}.`).join(' '),
    content: { [mediaType]: { schema } },
  };
}
