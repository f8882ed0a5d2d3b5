/** What a text holds, without what is made of it: for who looks and masks nothing. */
export { createDetectors, defaultDetectorClasses } from './detectors.js';
export type { Detectors } from './detectors.js';
export { detectorClasses } from './span.js';
export type { DetectorClass, Span } from './span.js';
