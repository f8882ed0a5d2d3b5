export { checkTicket, createNonceMemory, ticketLifetime, ticketProblems, ticketSkew } from './check.js';
export type { NonceMemory, TicketCheck, TicketProblem } from './check.js';
export { createFrameDecoder, encodeFrame, frameHeaderLength, maxPayload } from './frame.js';
export type { Frame, FrameDecoder, FrameKind, FrameRead } from './frame.js';
export { ticketBytes } from './ticket.js';
export type { TicketFields } from './ticket.js';
export { createAgentWarmSocket, createProxyWarmSocket } from './warm.js';
export type { AgentWarmSocket, ProxyWarmSocket, WarmState, WarmStep } from './warm.js';
