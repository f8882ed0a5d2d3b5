/** Where workloads run that bring a token of their platform: what of it stays theirs, and what tells them apart. */
export interface Platform {
  readonly name: string;
  readonly matches: (binding: { readonly issuer: string; readonly subject: string }) => boolean;
  /** A binding needs one of these: names can be given up and taken by somebody else, these never change hands. */
  readonly immutable: readonly string[];
  /** Claims that narrow a binding further, shown to who binds an identity that was observed. */
  readonly narrowing: readonly string[];
}

const byIssuer =
  (pattern: RegExp): Platform['matches'] =>
  ({ issuer }) =>
    pattern.test(issuer);

/** The first that matches is it. Self-hosted ones have any address and are known by how they write subjects. */
const platforms: readonly Platform[] = [
  {
    name: 'GitHub Actions',
    matches: byIssuer(/^https:\/\/token\.actions\.githubusercontent\.com(?:\/|$)/),
    immutable: ['repository_id'],
    narrowing: ['repository_owner_id', 'environment', 'job_workflow_ref', 'ref'],
  },
  {
    name: 'GitHub Enterprise',
    matches: ({ issuer, subject }) =>
      /^https:\/\/[^/]+\/_services\/token$/.test(issuer) || /^repo:[^/:]+\/[^/:]+:/.test(subject),
    immutable: ['repository_id'],
    narrowing: ['repository_owner_id', 'environment', 'job_workflow_ref', 'ref'],
  },
  {
    name: 'GitLab',
    matches: ({ issuer, subject }) =>
      /^https:\/\/(?:[^/]*\.)?gitlab\.[^/]+(?:\/|$)/.test(issuer) || subject.startsWith('project_path:'),
    immutable: ['project_id'],
    narrowing: ['namespace_id', 'ref_protected', 'environment', 'ref'],
  },
  {
    name: 'Kubernetes',
    matches: ({ subject }) => subject.startsWith('system:serviceaccount:'),
    immutable: ['/kubernetes.io/serviceaccount/uid'],
    narrowing: ['/kubernetes.io/namespace'],
  },
  {
    name: 'Bitbucket',
    matches: byIssuer(/^https:\/\/api\.bitbucket\.org\//),
    immutable: ['repositoryUuid'],
    narrowing: ['workspaceUuid', 'deploymentEnvironmentUuid', 'branchName'],
  },
  {
    name: 'Buildkite',
    matches: byIssuer(/^https:\/\/agent\.buildkite\.com$/),
    immutable: ['pipeline_id'],
    narrowing: ['organization_id', 'build_branch', 'step_key'],
  },
  {
    name: 'CircleCI',
    matches: byIssuer(/^https:\/\/oidc\.circleci\.com\//),
    immutable: ['oidc.circleci.com/project-id'],
    narrowing: ['oidc.circleci.com/vcs-ref'],
  },
  {
    name: 'Terraform Cloud',
    matches: byIssuer(/^https:\/\/app\.terraform\.io$/),
    immutable: ['terraform_workspace_id'],
    narrowing: ['terraform_run_phase'],
  },
  {
    name: 'Vercel',
    matches: byIssuer(/^https:\/\/oidc\.vercel\.com(?:\/|$)/),
    immutable: ['project_id'],
    narrowing: ['owner_id', 'environment'],
  },
  {
    name: 'Microsoft Entra',
    matches: byIssuer(/^https:\/\/(?:login\.microsoftonline\.com|sts\.windows\.net)\//),
    immutable: ['oid'],
    narrowing: ['tid', 'azp', 'appid'],
  },
];

export const platformOf = (issuer: string, subject: string): Platform | undefined =>
  platforms.find(({ matches }) => matches({ issuer, subject }));
