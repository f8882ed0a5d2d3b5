import { Injectable } from '@nestjs/common';

/** What a SAML assertion proved: a subagent, until when; or why not, for the auditor. */
export type AssertedSubagent =
  | { readonly kind: 'known'; readonly subagentId: string; readonly expiresAt: Date }
  | { readonly kind: 'refused'; readonly cause: string };

export type SamlAssertionVerifier = (tenantId: string, assertion: string) => Promise<AssertedSubagent>;

/** The place where the room of providers puts its verifier of SAML assertions (RFC 7522). Without one, there is no such grant. */
@Injectable()
export class SamlBearer {
  verifier: SamlAssertionVerifier | undefined;
}
