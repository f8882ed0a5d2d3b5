import type { FailureCode } from '../failure.js';
import type { Pages } from './page.js';

/** What `sally` itself says. */
export const ownPages: Pages<FailureCode> = {
  failed: {
    what: '`sally` could not do what it was asked; the message says why. Exit code 1.',
    why: 'The server or the target said no, a check of `sally doctor` is broken, or an answer could not be used.',
    next: 'Read the hint; where the control plane gave a code of its own, that is the one to look up.',
  },
  usage: {
    what: 'The command line, a file or a variable is not as `sally` needs it. Nothing was sent. Exit code 64.',
    why: 'The message names it.',
    next: 'Add `--help` for usage and examples.',
  },
  unreachable: {
    what: 'The control plane or the identity provider does not answer, or not as itself. Exit code 69.',
    why: 'It is down, the address is wrong, or its certificate cannot be verified.',
    next: '`sally doctor` says which hop is broken. For a certificate give the PEM of its authority with `sally login --ca`, or in the file that SALLYPORT_CA names.',
  },
  gate_unreachable: {
    what: 'The proxy does not answer. Exit code 69; to a client of `sally connect`, SQLSTATE 08001.',
    why: 'Nothing listens at `--gate`, something between drops the connection, or it hung up.',
    next: 'Check host and port: the proxy’s PostgreSQL listener is 7432 unless `SALLYPORT_POSTGRES_LISTEN` says otherwise, and on loopback by default.',
  },
  gate_without_tls: {
    what: 'What answers at `--gate` does not offer TLS, so the token was not sent. Exit code 69.',
    why: 'It is no Sallyport proxy (these always do), or something in between takes TLS away.',
    next: 'Check the port; a load balancer before a proxy must pass TCP through.',
  },
  gate_untrusted: {
    what: 'The proxy’s certificate does not prove that it is the gate, so the token was not sent. Exit code 69.',
    why: 'The authority is not trusted here, the certificate names another host, or it has ended.',
    next: 'Give the PEM of its authority with `--ca`, the name that stands in its certificate with `--gate`, or the proxy a certificate for its name (`SALLYPORT_TLS_CERTIFICATE`).',
  },
  bug: {
    what: 'Something that should not happen, in `sally` itself. Exit code 70.',
    why: 'A bug.',
    next: 'Report it with what stands above it.',
  },
  not_yet: {
    what: 'Not now: nobody has agreed yet, or it is still running. Exit code 75.',
    why: 'An approval is pending.',
    next: 'Call again later; scripts can rely on the exit code.',
  },
  not_permitted: {
    what: 'Whoever was asked knows you and says no, or does not take your secret. Exit code 77.',
    why: 'A role, a policy, a revoked token, or a client secret that the identity provider refuses.',
    next: '`sally whoami` says who the control plane takes you for.',
  },
  not_set_up: {
    what: 'There is no login, no token, or a stored one that cannot be used. Exit code 78.',
    why: 'The message names the file or the variable.',
    next: '`sally login --url https://...`, or SALLYPORT_URL and SALLYPORT_TOKEN; a token for a gate with `--token-file`, `--token-command` or `--token-env`.',
  },
  interrupted: {
    what: 'It was interrupted while it asked for something. Exit code 130.',
    why: 'Ctrl-C.',
    next: 'Nothing was changed.',
  },
};
