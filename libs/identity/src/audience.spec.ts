import { describe, expect, test } from '@jest/globals';
import { audienceProblem } from './index.js';

const github = 'https://token.actions.githubusercontent.com';

describe('an audience', () => {
  test.each([
    [github, 'https://sallyport.example.com'],
    [github, 'sallyport'],
    ['https://idp.example.com', 'api://default'],
    ['https://idp.example.com', 'https://github.com.example.com/acme'],
    ['https://idp.example.com', 'accounts'],
  ])('is of our own: %s %s', (issuer, audience) => {
    expect(audienceProblem(issuer, audience)).toBeUndefined();
  });

  test.each([
    [github, 'https://github.com/acme', 'GitHub'],
    ['https://oidc.eks.example/id/1', 'https://kubernetes.default.svc', 'Kubernetes API'],
    ['https://oidc.eks.example/id/1', 'https://kubernetes.default.svc.cluster.local', 'Kubernetes API'],
    ['https://gitlab.com', 'https://gitlab.com', 'issuer itself'],
    ['https://idp.example.com/', 'https://idp.example.com', 'issuer itself'],
    ['https://agent.buildkite.com', 'https://buildkite.com/acme', 'Buildkite'],
    ['https://sts.windows.net/t/', '00000003-0000-0000-c000-000000000000', 'Graph'],
    ['https://sts.windows.net/t/', 'api://AzureADTokenExchange', 'Entra'],
    [github, 'sts.amazonaws.com', 'AWS'],
    [github, '//iam.googleapis.com/projects/1/locations/global', 'Google'],
    ['https://keycloak.example/realms/a', 'account', 'Keycloak'],
    ['https://idp.example.com', 'https://*.example.com', 'wildcard'],
  ])('is refused: %s %s (%s)', (issuer, audience, why) => {
    expect(audienceProblem(issuer, audience)).toContain(why);
  });
});
