/** Audiences that tokens carry when nobody chose one, or that are somebody else's: who holds such a token can be anybody's API. */
const foreign: readonly { readonly matches: RegExp; readonly whose: string }[] = [
  { matches: /^https:\/\/kubernetes\.default(?:\.svc(?:\.cluster\.local)?)?\/?$/, whose: 'the Kubernetes API server' },
  { matches: /^https:\/\/github\.com\/[^/]+\/?$/, whose: 'whoever asks GitHub for a token without saying what for' },
  {
    matches: /^https:\/\/buildkite\.com\/[^/]+\/?$/,
    whose: 'whoever asks Buildkite for a token without saying what for',
  },
  {
    matches: /^https:\/\/(?:graph\.microsoft\.com|management\.azure\.com|graph\.windows\.net)\/?$/,
    whose: 'Microsoft',
  },
  { matches: /^00000003-0000-0000-c000-000000000000$/, whose: 'Microsoft Graph' },
  { matches: /^api:\/\/AzureADTokenExchange$/, whose: 'Microsoft Entra' },
  { matches: /^sts\.amazonaws\.com$/, whose: 'AWS' },
  { matches: /^(?:https:)?\/\/iam\.googleapis\.com\//, whose: 'Google Cloud' },
  { matches: /^account$/, whose: 'the account page of Keycloak' },
];

/**
 * Why tokens for this audience of this issuer must not be taken, or nothing. Whoever a token is meant for gets to see it, and
 * could come here with it.
 */
export const audienceProblem = (issuer: string, audience: string): string | undefined => {
  const bare = (text: string): string => text.replace(/\/+$/, '');
  if (/[*?]/.test(audience)) return 'audiences are compared exactly: a wildcard would never match';
  if (bare(audience) === bare(issuer))
    return 'tokens for the issuer itself are shown to it, and to whoever asks without saying what for: choose an audience of your own';
  const other = foreign.find(({ matches }) => matches.test(audience));
  return other && `tokens for it are meant for ${other.whose}, which could come here with them: choose one of your own`;
};
