import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { audienceProblem, refusedCauses, validateBinding } from '@sallyport/identity';
import { parseAllDocuments } from 'yaml';
import { issuerFields } from './issuers.service.js';
import { subagentFields } from './subagents.service.js';

type Claims = Readonly<Record<string, string>>;

const github = 'https://token.actions.githubusercontent.com';
const gitlab = 'https://gitlab.com';
const idp = 'https://idp.example.com';
const entra = 'https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301/v2.0';

const bindingError = (issuer: string, claims: Claims): string => {
  const [problem, ...others] = validateBinding({ issuer, claims });
  expect(others).toEqual([]);
  return problem?.message ?? 'none';
};
const audienceError = (issuer: string, audience: string): string => audienceProblem(issuer, audience) ?? 'none';

/** Errors that each page explains, made by what makes them. */
const explained: Readonly<Record<string, readonly (() => string)[]>> = {
  'github-actions': [
    () => bindingError(github, { sub: 'repo:acme/app:environment:production' }),
    () => bindingError(github, { sub: 'repo:acme/*', repository_id: '1' }),
    () => bindingError(github, { sub: 'repo:acme/app:ref:x', repository_id: '1', run_id: '7' }),
    () => `https://github.com/acme: ${audienceError(github, 'https://github.com/acme')}`,
  ],
  gitlab: [
    () => bindingError(gitlab, { sub: 'project_path:acme/app:ref_type:branch:ref:main' }),
    () => bindingError(gitlab, { sub: 'project_path:acme/*', project_id: '1' }),
    () => bindingError(gitlab, { sub: 'project_path:acme/app', project_id: '1', job_id: '7' }),
    () => audienceError(gitlab, gitlab),
  ],
  kubernetes: [
    () => bindingError(idp, { sub: 'system:serviceaccount:data:etl' }),
    () => `https://kubernetes.default.svc: ${audienceError(idp, 'https://kubernetes.default.svc')}`,
  ],
  spiffe: [
    () => bindingError('spiffe://acme.example', { sub: 'spiffe://acme.example' }),
    () => bindingError('spiffe://acme.example', { sub: 'spiffe://other.example/etl' }),
    () => bindingError('spiffe://acme.example/etl', { sub: 'spiffe://acme.example/etl' }),
  ],
  'client-credentials': [
    () => bindingError(idp, { client_id: 'etl' }),
    () => bindingError(entra, { sub: 'x' }),
    () => audienceError(idp, idp),
    () => `account: ${audienceError(idp, 'account')}`,
  ],
};

describe.each(Object.entries(explained))('docs/identity/%s.md', (name, errors) => {
  const page = readFileSync(new URL(`../../../../docs/identity/${name}.md`, import.meta.url), 'utf8');
  const manifests = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)]
    .flatMap(([, text = '']) => parseAllDocuments(text))
    .map((document) => document.toJS() as { readonly kind?: string; readonly name: string; readonly spec: unknown });
  const issuers = new Map(
    manifests.flatMap((each) => (each.kind === 'Issuer' ? [[each.name, issuerFields.parse(each.spec)]] : [])),
  );
  const subagents = manifests.flatMap((each) => (each.kind === 'Subagent' ? [subagentFields.parse(each.spec)] : []));

  test('shows issuers and bindings that can be saved', () => {
    expect(subagents.length).toBeGreaterThan(0);
    for (const { issuer, audiences = [] } of issuers.values())
      expect(audiences.map((audience) => audienceProblem(issuer, audience))).toEqual([undefined]);
    for (const { issuer, claims } of subagents)
      expect(validateBinding({ issuer: issuers.get(issuer)?.issuer ?? 'not on the page', claims })).toEqual([]);
    expect(subagents.map(({ issuer }) => issuer).sort()).toEqual([...issuers.keys()].sort());
  });

  test('quotes errors as they are', () => {
    // Whole cells of several words; the first cell of a row about a claim is its name.
    const quoted = [...page.matchAll(/^\| `([^`|]+)` \|/gm)].flatMap(([, text = '']) =>
      text.includes(' ') ? [text] : [],
    );
    expect(quoted.sort()).toEqual(errors.map((error) => error()).sort());
  });

  test('names causes that there are', () => {
    const causes = [...page.matchAll(/cause `([a-z_]+)`/g)].map(([, cause]) => cause);
    expect(causes.length).toBeGreaterThan(2);
    expect(causes.filter((cause) => !(refusedCauses as readonly (string | undefined)[]).includes(cause))).toEqual([]);
  });
});
