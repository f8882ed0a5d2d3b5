/** A window is cut into so many slots, counted from the epoch: every node cuts it alike. */
const slots = 60;

export const slotWidth = (window: number): number => Math.max(1, Math.ceil(window / slots));

export const slotAt = (window: number, now: number): number => Math.floor(now / slotWidth(window));

/** Its first moment. */
export const slotBegins = (window: number, slot: number): number => slot * slotWidth(window);

/** When its last moment has left the window. */
export const slotLeaves = (window: number, slot: number): number => (slot + 1) * slotWidth(window) + window;

/** At most so many slots of one window count at a time: those in it, and one that is leaving. */
export const mostSlots = slots + 2;
