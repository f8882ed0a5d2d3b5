import type { DetectorClass, Scanner } from './span.js';

interface SecretForm {
  readonly class: DetectorClass;
  /** Every text of this form holds this, exactly; the form is tried only there. */
  readonly anchor: string;
  /** How far before the anchor the form starts. */
  readonly lead: number;
  readonly form: RegExp;
}

const forms: readonly SecretForm[] = [
  { class: 'jwt', anchor: 'eyJ', lead: 0, form: /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/y },
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((anchor): SecretForm => ({
    class: 'cloud_key',
    anchor,
    lead: 0,
    form: /[A-Z]{4}[A-Z2-7]{16}(?![A-Za-z0-9])/y,
  })),
  { class: 'cloud_key', anchor: 'AIza', lead: 0, form: /AIza[\w-]{35}(?![\w-])/y },
  { class: 'cloud_key', anchor: 'ya29.', lead: 0, form: /ya29\.[\w-]{20,}/y },
  { class: 'cloud_key', anchor: 'github_pat_', lead: 0, form: /github_pat_\w{22,}/y },
  { class: 'cloud_key', anchor: 'glpat-', lead: 0, form: /glpat-[\w-]{20,}/y },
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((anchor): SecretForm => ({
    class: 'cloud_key',
    anchor,
    lead: 0,
    form: /gh[pousr]_[A-Za-z0-9]{36,}/y,
  })),
  { class: 'cloud_key', anchor: 'xox', lead: 0, form: /xox[abeoprs]-[A-Za-z0-9-]{10,}/y },
  { class: 'cloud_key', anchor: 'xapp-', lead: 0, form: /xapp-[A-Za-z0-9-]{10,}/y },
  { class: 'cloud_key', anchor: 'k_live_', lead: 1, form: /[sr]k_live_[A-Za-z0-9]{10,}/y },
  { class: 'cloud_key', anchor: 'k_test_', lead: 1, form: /[sr]k_test_[A-Za-z0-9]{10,}/y },
  { class: 'cloud_key', anchor: 'whsec_', lead: 0, form: /whsec_[A-Za-z0-9+/=]{16,}/y },
];

const wordBefore = /\w/;

/** Every anchor is searched for once; a form is read on from its anchor and never behind its own end: linear. */
export const scanSecrets: Scanner = (folded, found) => {
  for (const { anchor, lead, form, class: kind } of forms) {
    let at = folded.indexOf(anchor);
    while (at >= 0) {
      const start = at - lead;
      form.lastIndex = Math.max(start, 0);
      if (start >= 0 && form.test(folded) && !wordBefore.test(folded.charAt(start - 1))) {
        found({ start, end: form.lastIndex, class: kind });
        at = folded.indexOf(anchor, form.lastIndex);
      } else at = folded.indexOf(anchor, nextToken(folded, at + anchor.length));
    }
  }
};

/** A form that failed here fails everywhere in the same token, or a row of anchors would cost its square. */
const nextToken = (folded: string, from: number): number => {
  let index = from;
  while (index < folded.length && /[\w-]/.test(folded.charAt(index))) index += 1;
  return index;
};

const begin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;
const end = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;

/** From BEGIN to END; a block that is cut off hides everything after it. */
export const scanPrivateKeys: Scanner = (folded, found) => {
  let at = folded.indexOf('-----BEGIN ');
  while (at >= 0) {
    begin.lastIndex = at;
    if (!begin.test(folded)) {
      at = folded.indexOf('-----BEGIN ', at + 1);
      continue;
    }
    let close = folded.indexOf('-----END ', begin.lastIndex);
    let stop = folded.length;
    while (close >= 0) {
      end.lastIndex = close;
      if (end.test(folded)) {
        stop = end.lastIndex;
        break;
      }
      close = folded.indexOf('-----END ', close + 1);
    }
    found({ start: at, end: stop, class: 'private_key' });
    at = folded.indexOf('-----BEGIN ', stop);
  }
};
